module example.invalid/tricks

go 1.23

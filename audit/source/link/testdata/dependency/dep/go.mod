module example.invalid/dep

go 1.23

module example.invalid/broken

go 1.23

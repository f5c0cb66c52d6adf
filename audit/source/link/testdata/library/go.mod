module example.invalid/library

go 1.23

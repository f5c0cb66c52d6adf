module example.invalid/exec

go 1.23

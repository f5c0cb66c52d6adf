module example.invalid/endpoints

go 1.23

module example.invalid/product

go 1.23

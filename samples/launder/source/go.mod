module proffer.example/launder

go 1.21

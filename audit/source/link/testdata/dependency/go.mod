module example.invalid/dependency

go 1.23

require example.invalid/dep v0.0.0

replace example.invalid/dep => ./dep

package main

// int one(void) { return 1; }
import "C"

func native() int { return int(C.one()) }

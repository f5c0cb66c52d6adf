// Broken has one package that does not type-check.
package main

import (
	"os"

	"example.invalid/broken/bad"
)

func main() {
	bad.Do()
	_ = os.Remove("x")
}

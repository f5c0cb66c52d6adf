// Dependency does by another module what it does not do itself.
package main

import "example.invalid/dep"

func main() { dep.Decimal(1) }

// Package bad does not type-check.
package bad

// Do does not compile.
func Do() int { return "text" }

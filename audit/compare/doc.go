// Package compare says how far two artifacts are the same: the one that was
// shipped and the one that was built again.
//
// Levels come from different hands. This package gives bit-identical and
// unexplained, from the bytes alone. Build-failed comes from package rebuild,
// which knows that there is nothing to compare. Identical-after-graft,
// equal-after-declared-normalisation and explained need an account of every
// differing byte (the vendor's signature put onto the rebuilt file, named
// normalisers, causes proven by a counter-build); nothing here claims them.
//
// A count of differing bytes is no measure of how much differs: one longer
// string moves everything behind it.
package compare

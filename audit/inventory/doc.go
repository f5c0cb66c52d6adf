// Package inventory lists the components of a product, each with the witnesses
// that speak for it: the go.mod that declares it, the go.sum that locks it, the
// build information in the shipped binary that says it is built in. What the
// witnesses say differently is a finding: a component that the binary holds and
// the offered lock files leave out is what a vendor hides.
//
// Only Go is read so far. An artifact of another kind leaves a Gap with its
// reason, and a check with a gap never passes.
//
// # Which readers
//
// go.mod is read with golang.org/x/mod/modfile and not with osv-scalibr's gomod
// extractor, which is built on the same parser: the extractor forgets what a
// replace directive replaced, opens go.sum by a path of its own, and takes the
// version of the standard library from the go line, which is a minimum and not
// what the product was built with. Binaries are read with debug/buildinfo and
// not with the gobinary extractor, which turns an unreadable binary into an
// empty list, so that "nothing built in" and "could not look" read the same, and
// which drops the sums. The test with build tag witness holds both lists equal
// to the ones osv-scanner makes.
package inventory

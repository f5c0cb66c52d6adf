// Package compare says how far two artifacts are the same, the one that was
// shipped and the one that was built again, and why they are not.
//
// Its noun is the Result: an account in which every differing byte has a class
// and evidence, and what has none is unexplained. The order of work is
//
//	raw        the bytes as they are
//	graft      the vendor's signature put onto the rebuilt file
//	sections   every byte given to a region, and regions set against each other
//	members    containers looked into, each member compared as a file of its own
//	derived    checksums, build IDs and tables recomputed, never ignored
//	functions  the machine code by function, operands by what they refer to
//
// A count of differing bytes is no measure of how much differs: one longer string
// moves everything behind it. Regions are therefore compared with the region of
// the same key, wherever that stands, and the count says only how many positions
// each class has.
//
// What a packer may choose (order, times, owners, compression, its own name) is
// hidden by normalisers: pure functions with a name and a version, whose loss is
// counted. What grants something or can hold something is never hidden: set-uid
// bits, capabilities, prepended and appended bytes, padding in executable pages,
// slack of a signature, a list of digests that is wrong. Those are findings, and
// a result with a finding is unexplained.
//
// The levels explained and better that this package gives rest on the two files
// alone. Causes are proven by building again with other inputs, which package
// rebuild does; build-failed is its word as well.
package compare

// Package wire is how the signing clients reach a service: one request, one
// answer, in memory.
//
// Its noun is the Client. It speaks https to public addresses, and to private
// ones only where its user allows them, plain http too then. It follows no
// redirect, because what is sent may be an identity token; it caps what is
// read, bounds how long it takes, and honours the proxy of the environment.
// Addresses come from the reviewer's own configuration, never from a vendor.
package wire

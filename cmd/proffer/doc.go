// Command proffer audits what a vendor offers in a written response, and verifies
// what others have audited. It holds flags, exit codes and progress; the work is
// done by the packages below audit, attest and reports.
package main

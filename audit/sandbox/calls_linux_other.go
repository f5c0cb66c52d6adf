//go:build !amd64 && !arm64

package sandbox

// auditArch 0 says that no filter was written for this architecture.
const auditArch = 0

func callRules(Tier, int, int) []rule { return nil }

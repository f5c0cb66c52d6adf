package submission

import (
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/strictyaml"
)

// Platforms have Go's names, which are those of its toolchains too.
func systems() []string {
	return []string{
		"aix", "android", "darwin", "dragonfly", "freebsd", "illumos", "ios", "js", "linux", "netbsd", "openbsd", "plan9",
		"solaris", "wasip1", "windows",
	}
}

func architectures() []string {
	return []string{
		"386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64",
		"s390x", "wasm",
	}
}

func checkPlatform(s string) *strictyaml.Problem {
	system, arch, _ := strings.Cut(s, "/")
	if !slices.Contains(systems(), system) || !slices.Contains(architectures(), arch) {
		return strictyaml.Problemf("write it with Go's names, such as linux/amd64 or windows/arm64", "%s is not a platform", strictyaml.Quote(s))
	}
	return nil
}

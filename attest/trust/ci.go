package trust

// CI is what a certificate must say of the build job that it was issued to. Each
// value is exact; an empty one demands nothing. The names on the left are the
// policy's, the numbers those of Fulcio's extensions below 1.3.6.1.4.1.57264.1.
type CI struct {
	SourceRepository       string // 12: URL of the repository
	SourceRepositoryID     string // 15: the forge's own number for it
	SourceRepositoryDigest string // 13: commit that was built
	SourceRef              string // 14: branch or tag that was built
	SourceOwner            string // 16: URL of the repository's owner
	SourceOwnerID          string // 17: the forge's own number for the owner
	Runner                 string // 11: github-hosted, gitlab-hosted or self-hosted
	BuildSignerURI         string // 9: instructions that signed
	BuildSignerDigest      string // 10: commit of those instructions
	BuildConfigURI         string // 18: instructions that began the build
	BuildConfigDigest      string // 19: commit of those instructions
	BuildTrigger           string // 20: event that began the build
	Visibility             string // 22: of the repository, when it was signed
}

// A CIDemand is one extension that must have one value.
type CIDemand struct {
	Name string // as the policy names it
	OID  int    // the last number of the extension
	Want string
}

// Demands lists what is demanded, in the order of the extensions' numbers.
func (c CI) Demands() []CIDemand {
	var out []CIDemand
	for _, d := range [...]CIDemand{
		{"buildSignerURI", 9, c.BuildSignerURI},
		{"buildSignerDigest", 10, c.BuildSignerDigest},
		{"runner", 11, c.Runner},
		{"sourceRepository", 12, c.SourceRepository},
		{"sourceRepositoryDigest", 13, c.SourceRepositoryDigest},
		{"sourceRef", 14, c.SourceRef},
		{"sourceRepositoryID", 15, c.SourceRepositoryID},
		{"sourceOwner", 16, c.SourceOwner},
		{"sourceOwnerID", 17, c.SourceOwnerID},
		{"buildConfigURI", 18, c.BuildConfigURI},
		{"buildConfigDigest", 19, c.BuildConfigDigest},
		{"buildTrigger", 20, c.BuildTrigger},
		{"visibility", 22, c.Visibility},
	} {
		if d.Want != "" {
			out = append(out, d)
		}
	}
	return out
}

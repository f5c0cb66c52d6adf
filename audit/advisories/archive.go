package advisories

import (
	"net/url"
	"strings"
)

// archiveURL is where the public OSV archive keeps all records of an ecosystem.
const archiveURL = "https://osv-vulnerabilities.storage.googleapis.com/{ecosystem}/all.zip"

// PublicLabel names the public archive in a report.
const PublicLabel = "public OSV archive"

// ArchiveURL is the address of the public archive for one ecosystem, named as
// OSV names it ("Go", "crates.io"). The caller fetches it.
func ArchiveURL(ecosystem string) string {
	return strings.Replace(archiveURL, "{ecosystem}", url.PathEscape(ecosystem), 1)
}

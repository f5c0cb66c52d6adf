// Package sectionstest makes small files of the formats that package sections
// maps, for tests: each part of them can be chosen, so that a difference can be
// planted in any place and nowhere else. Nothing in them runs.
package sectionstest

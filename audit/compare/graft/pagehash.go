package graft

import (
	"bytes"
	"encoding/hex"

	"github.com/proffer-audit/proffer/audit/compare/graft/cms"
)

// pageHashes computes the hash of every page, of the shipped slice and of the
// grafted one. A hash that is of no shipped page is 20 to 48 bytes of room; one
// that only the grafted slice does not have shows where the two differ.
func (x *slice) pageHashes(base int64, d directory, grafted []byte) bool {
	s := x.shipped
	limit := min(d.limit, s.sig)
	page := d.page
	if page == 0 {
		page = max(limit, 1)
	}
	need := (limit + page - 1) / page
	if d.pages != need {
		x.flag(PagesUncovered, base+d.from+28, 4, "%d hashes for %d pages of code", d.pages, need)
	}
	wrong, differs, first := int64(0), int64(0), int64(-1)
	for i := range d.pages {
		at := d.hashes + i*d.size
		hash := d.data[at : at+d.size]
		from, to := i*page, min((i+1)*page, limit)
		if from >= limit || !bytes.Equal(d.digest(s.data[from:to]), hash) {
			if wrong++; first < 0 {
				first = at
			}
			continue
		}
		// The hash is right for the shipped page, so equal bytes are the same
		// as an equal hash.
		if to > int64(len(grafted)) || !bytes.Equal(grafted[from:to], s.data[from:to]) {
			differs++
		}
	}
	if wrong > 0 {
		x.flag(PageHash, base+d.from+first, d.size, "%d of %d page hashes%s are of no page of the shipped file, the first at this offset", wrong, d.pages, x.in())
	}
	if differs > 0 {
		x.note(PageHashRebuilt, base+d.from+d.hashes, d.pages*d.size, "%d of %d pages of the rebuilt file%s are not those that were signed", differs, d.pages, x.in())
	}
	return wrong == 0 && d.pages == need && d.limit == s.sig
}

// codeMessage reads the CMS message over the first CodeDirectory.
func (x *slice) codeMessage(base int64, first blob, held map[uint32]blob, pagesHold bool) {
	where := "code signature"
	if x.where != "" {
		where = x.where + ", " + where
	}
	d, ok := parseDirectory(first)
	message, has := held[slotCMS]
	if !has || len(message.data) == blobHeader {
		if ok && d.flags&directoryAdHoc == 0 {
			x.flag(NoMessage, base, x.shipped.sigSize, "the code signature%s has no signature value and does not say that it is ad hoc", x.in())
		}
		x.note(AdHoc, base, x.shipped.sigSize, "signed ad hoc%s: digests without a key, by nobody", x.in())
		return
	}
	body := base + message.from + blobHeader
	size := int64(len(message.data)) - blobHeader
	if ok && d.flags&directoryAdHoc != 0 {
		x.flag(SignatureMessage, body, size, "%d bytes of signature in a code signature that calls itself ad hoc", size)
	}
	m, err := cms.Parse(message.data[blobHeader:], first.data)
	if err != nil {
		x.flag(SignatureMessage, body, size, "%d bytes in the place of a signature: %v", size, err)
		return
	}
	x.take(m, body)
	x.slack(SignatureSlack, body+int64(m.Size), body+size, machAlign-1, "behind the signature in its blob")
	for _, one := range m.Signers {
		x.graft.Signers = append(x.graft.Signers, Signer{
			Where: where, Subject: one.Subject, Certificate: one.Certificate, Digest: one.Digest,
			Computed: hex.EncodeToString(d.digestOrNothing()), Valid: one.Valid && ok && pagesHold, Timestamps: one.Timestamps,
		})
	}
}

// digestOrNothing is the CodeDirectory's own digest, the file's name for Apple's
// tools; nothing for one that could not be read.
func (d *directory) digestOrNothing() []byte {
	if d.algorithm == 0 {
		return nil
	}
	return d.digest(d.data)
}

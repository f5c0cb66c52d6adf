package graft

import (
	"encoding/binary"
	"slices"

	"github.com/proffer-audit/proffer/audit/compare/graft/cms"
)

// WIN_CERTIFICATE (PE Format, "Attribute Certificate Table").
const (
	winHeader    = 8
	winRevision  = 0x0200
	winSigned    = 0x0002
	entriesMost  = 16
	signingAlign = 7 // zero bytes at most that alignment to 8 leaves
)

// authenticode puts the certificate table onto the rebuilt image.
func (w *work) authenticode() error {
	w.graft.Kind = Authenticode
	s, err := parsePE(w.shipped, "shipped")
	if err != nil {
		return err
	}
	r, err := parsePE(w.rebuilt, "rebuilt")
	if err != nil {
		return err
	}
	if s.table == 0 {
		return refuse(Unsigned, "the shipped PE file has no certificate table")
	}
	if r.table != 0 {
		return refuse(AlreadySigned, "the rebuilt PE file has a certificate table of %d bytes", r.size)
	}
	if err := w.fits(s.size); err != nil {
		return err
	}
	w.area(s.checksum, s.checksum+peChecksumField)
	w.area(s.entry, s.entry+peEntryField)
	w.area(s.table, s.table+s.size)
	if unsigned := int64(len(w.rebuilt)); unsigned <= s.table && s.table-unsigned < peAlign {
		w.area(unsigned, s.table)
		w.slack(PaddingData, unsigned, s.table, signingAlign, "between the image and its certificate table")
	}
	if end := s.table + s.size; end < int64(len(w.shipped)) {
		w.flag(AppendedData, end, int64(len(w.shipped))-end, "%d bytes behind the certificate table", int64(len(w.shipped))-end)
	}
	w.certificateTable(s)
	w.graft.Bytes = w.graftPE(s, r)
	return nil
}

// graftPE writes the rebuilt image with the shipped table. A checksum that the
// shipped file leaves at zero stays zero, any other is computed.
func (w *work) graftPE(s, r *pe) []byte {
	at := aligned(int64(len(w.rebuilt)), peAlign)
	out := make([]byte, at, at+s.size)
	copy(out, w.rebuilt)
	out = append(out, w.shipped[s.table:s.table+s.size]...)
	binary.LittleEndian.PutUint32(out[r.entry:], uint32(at))
	binary.LittleEndian.PutUint32(out[r.entry+4:], uint32(s.size))

	stated := binary.LittleEndian.Uint32(w.shipped[s.checksum:])
	if stated != 0 && stated != peChecksum(w.shipped, s.checksum) {
		w.flag(ChecksumWrong, s.checksum, peChecksumField, "the checksum field holds %#08x, which is not the file's checksum; no signature covers it", stated)
	}
	sum := uint32(0)
	if stated != 0 {
		sum = peChecksum(out, r.checksum)
	}
	binary.LittleEndian.PutUint32(out[r.checksum:], sum)
	return out
}

// certificateTable accounts for every byte of the table.
func (w *work) certificateTable(s *pe) {
	at, end := s.table, s.table+s.size
	for n := 0; at < end; n++ {
		if end-at < winHeader {
			w.slack(TableRest, at, end, signingAlign, "behind the last entry of the certificate table")
			return
		}
		length := int64(binary.LittleEndian.Uint32(w.shipped[at:]))
		if length < winHeader || length > end-at {
			w.flag(TableRest, at, end-at, "%d bytes of the certificate table are no entry: its length would be %d", end-at, length)
			return
		}
		if n == entriesMost {
			w.flag(TableRest, at, end-at, "more than %d entries in the certificate table: %d bytes were not read", entriesMost, end-at)
			return
		}
		if n > 0 {
			w.flag(EntryExtra, at, length, "entry %d of the certificate table, %d bytes: Authenticode reads the first one", n+1, length)
		}
		w.certificate(s, at, at+length)
		next := min(aligned(at+length, peAlign), end)
		w.slack(EntryPadding, at+length, next, signingAlign, "behind an entry of the certificate table")
		at = next
	}
}

func (w *work) certificate(s *pe, at, end int64) {
	revision := binary.LittleEndian.Uint16(w.shipped[at+4:])
	kind := binary.LittleEndian.Uint16(w.shipped[at+6:])
	if revision != winRevision || kind != winSigned {
		w.flag(EntryKind, at, end-at, "an entry of revision %#04x and type %#04x, where Authenticode has %#04x and %#04x", revision, kind, winRevision, winSigned)
		return
	}
	body := at + winHeader
	m, err := cms.Parse(w.shipped[body:end:end], nil)
	if err != nil {
		w.flag(SignatureMessage, body, end-body, "%d bytes in the place of a signature: %v", end-body, err)
		return
	}
	w.take(m, body)
	w.slack(EntryPadding, body+int64(m.Size), end, signingAlign, "behind the signature in its entry of the certificate table")
	for i, one := range slices.Concat([]*cms.Message{m}, m.Nested) {
		where := "certificate table"
		if i > 0 {
			where += ", second signature"
		}
		w.indirect(s, one, where, body, end-body)
	}
}

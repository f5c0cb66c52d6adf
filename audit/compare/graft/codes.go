package graft

// The codes of findings that this package makes itself.
const (
	FindingsCut = "findings-cut"

	// Authenticode.
	ChecksumWrong    = "pe-checksum"            // neither zero nor the file's
	PaddingData      = "pe-padding"             // before the certificate table
	EntryPadding     = "pe-entry-padding"       // behind the message of an entry
	EntryExtra       = "pe-entry-extra"         // a second entry
	EntryKind        = "pe-entry-kind"          // a revision or type that Authenticode does not use
	TableRest        = "pe-table-rest"          // bytes of the table that are no entry
	AppendedData     = "appended-data"          // behind the signature, at the end of the file
	IndirectData     = "pe-indirect-data"       // what was signed is not a digest of a PE
	SignedDigest     = "signed-digest"          // what was signed is not the shipped file
	ImageData        = "pe-image-data"          // beside the digest, and not the image's page hashes
	SignatureMessage = "signature-message"      // the message cannot be read
	NoMessage        = "signature-message-none" // an area without any signature in it

	// Mach-O.
	LinkeditSize      = "macho-linkedit-size"
	SignaturePadding  = "macho-padding"        // before the signature
	SignatureSlack    = "macho-slack"          // behind the SuperBlob
	BlobUnreferenced  = "macho-blob-gap"       // bytes that the index does not name
	BlobUnknown       = "macho-blob-unknown"   // a slot or magic that is not known
	BlobDuplicate     = "macho-blob-duplicate" //
	BlobUncovered     = "macho-blob-uncovered" // the CodeDirectory has no digest, or another, of it
	BlobMalformed     = "macho-blob-malformed" //
	DirectorySlack    = "macho-directory-slack"
	DirectoryField    = "macho-directory-field" // a reserved field with a value, or one out of range
	PageHash          = "macho-page-hash"       // a hash that is of no page of the shipped file
	PageHashRebuilt   = "macho-page-hash-rebuilt"
	PagesUncovered    = "macho-pages-uncovered"
	EntitlementWeaker = "macho-entitlement"
	UUIDDiffers       = "macho-uuid-differs"
	FatLayout         = "macho-fat-layout"
	AdHoc             = "macho-ad-hoc" // signed by nobody

	// APK.
	BlockUnknown   = "apk-block-unknown"
	BlockDuplicate = "apk-block-duplicate"
	BlockSize      = "apk-block-size"
	BlockPadding   = "apk-block-padding" // verity padding, or the gap before the block, with data
	BlockOpaque    = "apk-block-opaque"  // known by name, unreadable by design
	SchemeRest     = "apk-scheme-rest"   // bytes in a signature scheme block that the scheme does not have
	SchemeValue    = "apk-scheme-value"  // does not verify
	SchemeUnknown  = "apk-scheme-unknown"
	ContentDigest  = "apk-content-digest"

	// JAR, and the v1 scheme of APK.
	ZipGap            = "zip-gap"
	MemberExtra       = "jar-member-extra" // a signature file's zip entry holds more than the file
	MemberUncovered   = "jar-member-uncovered"
	MemberUnsigned    = "jar-member-unsigned"
	MemberDigest      = "jar-member-digest"
	MemberAbsent      = "jar-member-absent"
	MemberNotRebuilt  = "jar-member-not-rebuilt"
	ManifestAltered   = "jar-manifest-altered"
	ManifestMalformed = "jar-manifest-malformed"
	SignatureAlone    = "jar-signature-without-block"
	BlockAlone        = "jar-block-without-signature-file"
	SignatureFile     = "jar-signature-file"
	SignatureForeign  = "jar-signature-foreign"
)

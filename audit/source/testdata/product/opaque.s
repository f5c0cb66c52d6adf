TEXT ·opaque(SB), 4, $0-16
	RET

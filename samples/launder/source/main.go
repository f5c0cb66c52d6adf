// Command launder is what a laundering recipe runs instead of a compiler: it
// unpacks the shipped bytes from where they were hidden in the source.
package main

import (
	_ "embed"
	"encoding/base64"
	"log"
	"os"
)

//go:embed payload.b64
var payload string

func main() {
	data, err := base64.StdEncoding.DecodeString(payload)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.MkdirAll("out", 0o755); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("out/agent", data, 0o755); err != nil {
		log.Fatal(err)
	}
}

// Callbacks hands functions to the standard library: each is charged to whoever
// made it, and to nobody else.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"
)

var (
	tables, files sync.Once
	data          []byte
)

// harmless uses the same helper as reads, and reaches nothing.
func harmless() { tables.Do(func() { data = append(data, 1) }) }

func reads() { files.Do(func() { data, _ = os.ReadFile("config") }) }

type secret struct{}

// String is called back by fmt.
func (secret) String() string { return os.Getenv("SECRET") }

func prints() { fmt.Println(secret{}) }

// plain prints too, but no secret.
func plain() { fmt.Println("plain") }

func later() {
	time.AfterFunc(time.Hour, func() { _ = exec.Command("true").Run() })
}

func main() {
	harmless()
	reads()
	prints()
	plain()
	later()
}

// Command hoso keeps administrative dossiers as a tamper-evident log of events.
package main

import (
	"os"

	"hoso/infra/cli"
)

func main() {
	ctx, cancel := cli.Interrupts()
	defer cancel()
	os.Exit(cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}

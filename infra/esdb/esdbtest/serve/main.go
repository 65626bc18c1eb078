// Command serve runs the test double of EventStoreDB at an address, so that
// anyone can try the set-up with EventStoreDB without having one.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"hoso/infra/esdb/esdbtest"
)

const help = `serve runs a TEST DOUBLE of EventStoreDB. It answers like the server, and it is
not a database: it is made for tests and for trying things out, not for data
that anybody needs.

  go run ./infra/esdb/esdbtest/serve --addr 127.0.0.1:2113 --file /tmp/esdb.log

It prints the connection string to use and serves until it is interrupted; it
then finishes the appends that run, and ends.

`

var versions = []string{esdbtest.V22, esdbtest.V23, esdbtest.V24, esdbtest.V25}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintf(os.Stderr, "serve: %v\n--help tells what there is\n", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, hints io.Writer) error {
	var o esdbtest.Options
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.Address, "addr", "127.0.0.1:2113", "`host:port` to serve at")
	flags.StringVar(&o.File, "file", "", "`file` to keep events in: they outlive the program, not a power cut; without it they end with the program")
	flags.StringVar(&o.Version, "version", esdbtest.V23, "`version` to answer like: "+strings.Join(versions, ", "))
	flags.BoolVar(&o.TLS, "tls", false, "TLS and users on: admin and ops, both with the password changeit")
	flags.StringVar(&o.CertDir, "cert-dir", "", "`folder` for ca.pem, ca.key, node.pem and node.key; made where they are missing (with --tls)")
	flags.DurationVar(&o.NotReadyFor, "not-ready", 0, "answer \"Server Is Not Ready\" for this `time` after the start")
	flags.Usage = func() {}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(hints, help)
			flags.SetOutput(hints)
			flags.PrintDefaults()
		}
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	if !slices.Contains(versions, o.Version) {
		return fmt.Errorf("no version %q; there are %s", o.Version, strings.Join(versions, ", "))
	}
	s, err := esdbtest.Start(o)
	if err != nil {
		return err
	}
	defer s.Stop()
	where := "in memory: they end with this program"
	if o.File != "" {
		where = "in " + o.File
	}
	fmt.Fprintf(out, "TEST DOUBLE of EventStoreDB %s, not a database.\nEvents are kept %s.\nConnect with: %s\n",
		o.Version, where, s.ConnectionString())
	<-ctx.Done()
	fmt.Fprintln(out, "stopping")
	return nil
}

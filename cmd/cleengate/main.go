// Command cleengate is a local reverse proxy between an app and the Cleeng
// APIs. See the README for its use and ARCHITECTURE.md for its parts.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

// Exit statuses of every command.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(headroom)
	}
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// streams are the process's own, so that tests can stand in for them.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// run executes one command and maps its error to an exit status. It is all
// that main does, so that tests can call it.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	root := newRoot(streams{in: in, out: out, err: errs})
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	failure, ok := errors.AsType[*exitError](err)
	if !ok { // cobra's own: an unknown command or flag
		failure = &exitError{status: exitUsage, err: err}
	}
	if failure.err != nil {
		fmt.Fprintln(errs, "cleengate:", failure.err)
	}
	return failure.status
}

// exitError is an error that knows its exit status. A nil err has been
// reported already.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func failed(err error) error { return &exitError{status: exitFailed, err: err} }

func usage(err error) error { return &exitError{status: exitUsage, err: err} }

package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
)

// LogOptions configure [NewLog].
type LogOptions struct {
	Out io.Writer
	// JSON writes one object a line; else key=value text.
	JSON bool
	// Level is debug, info, warn or error; it can be changed later.
	Level string
	// Scrub takes secrets and personal data out of a line, or out of the part
	// of one that outsiders wrote. It may return its argument, which it must
	// neither change nor keep. Redactor.Line of package redact is meant for
	// it. Nil leaves lines as they are.
	Scrub func(line []byte) []byte
	// Version is another number whenever Scrub may find more than before; nil
	// if nobody can tell. What was found clean is remembered for one version.
	Version func() uint64
}

// Log writes the process's own messages and one line for each request. Both
// go through the same scrub and the same batch. Warnings and errors are
// written at once, other lines within 5 milliseconds. Close it last; lines
// logged after Close are still written, one by one. Safe for concurrent use.
type Log struct {
	*slog.Logger
	level slog.LevelVar
	batch *batch
	json  bool
	scrub func([]byte) []byte
	lines sync.Pool
	clock clockText

	version func() uint64
	clean   *redact.Clean
}

// NewLog starts the writer of the log.
func NewLog(o LogOptions) (*Log, error) {
	l := &Log{json: o.JSON, scrub: o.Scrub, version: o.Version, clean: redact.NewClean()}
	l.batch = newBatch(o.Out, l.droppedLine)
	l.lines.New = func() any { return new([]byte) }
	if l.scrub == nil {
		l.scrub = func(line []byte) []byte { return line }
	}
	if err := l.SetLevel(o.Level); err != nil {
		_ = l.batch.Close()
		return nil, err
	}
	options := &slog.HandlerOptions{Level: &l.level}
	var h slog.Handler
	if o.JSON {
		h = slog.NewJSONHandler(lineSink{l}, options)
	} else {
		h = slog.NewTextHandler(lineSink{l}, options)
	}
	l.Logger = slog.New(flushing{Handler: h, batch: l.batch})
	return l, nil
}

// SetLevel changes what is logged from now on.
func (l *Log) SetLevel(name string) error {
	switch strings.ToLower(name) {
	case "debug":
		l.level.Set(slog.LevelDebug)
	case "info":
		l.level.Set(slog.LevelInfo)
	case "warn":
		l.level.Set(slog.LevelWarn)
	case "error":
		l.level.Set(slog.LevelError)
	default:
		return fmt.Errorf("%q is no log level; use debug, info, warn or error", name)
	}
	return nil
}

// Level returns the name of the present level.
func (l *Log) Level() string { return strings.ToLower(l.level.Level().String()) }

// Dropped is how many lines were lost because the sink was too slow or failed.
func (l *Log) Dropped() int64 { return l.batch.dropped.Load() }

var headingDropped = newHeading("WARN", "log lines were dropped: the output was slow, full or broken")

// droppedLine is how the log itself tells of lines that it lost.
func (l *Log) droppedLine(n int64) []byte {
	e := lineEncoder{json: l.json}
	e.begin(&l.clock, time.Now(), headingDropped)
	e.number(fieldLines, n)
	e.end()
	return e.b
}

// Close writes all lines that are held. A sink that takes nothing for two
// seconds is given up, with an error. It may be called more than once.
func (l *Log) Close() error { return l.batch.Close() }

// lineSink receives one whole line a call from slog's handlers.
type lineSink struct{ log *Log }

func (s lineSink) Write(line []byte) (int, error) {
	s.log.batch.add(s.log.scrub(line), false)
	return len(line), nil
}

// flushing makes warnings and errors visible at once: a process may die of
// what it warns of.
type flushing struct {
	slog.Handler
	batch *batch
}

func (f flushing) Handle(ctx context.Context, r slog.Record) error {
	err := f.Handler.Handle(ctx, r)
	if r.Level >= slog.LevelWarn {
		signal(f.batch.urgent)
	}
	return err
}

func (f flushing) WithAttrs(attrs []slog.Attr) slog.Handler {
	return flushing{Handler: f.Handler.WithAttrs(attrs), batch: f.batch}
}

func (f flushing) WithGroup(name string) slog.Handler {
	return flushing{Handler: f.Handler.WithGroup(name), batch: f.batch}
}

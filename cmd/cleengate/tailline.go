package main

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/cleengate/cleengate/internal/console"
	"github.com/cleengate/cleengate/internal/redact"
)

// Colours of a terminal (ECMA-48 SGR), by what a status means.
const (
	plain  = "\x1b[0m"
	faint  = "\x1b[2m"
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
)

// tailLine is one exchange on one line. Nothing that came from outside reaches
// the terminal raw: control characters become visible.
func tailLine(x *console.Exchange, colour bool) string {
	paint := func(style, s string) string {
		if !colour {
			return s
		}
		return style + s + plain
	}
	var b strings.Builder
	b.WriteString(paint(faint, x.Time.Local().Format("15:04:05.000")))
	fmt.Fprintf(&b, " %-12s %-7s %s ", redact.Printable(x.Client), redact.Printable(x.Method), redact.Printable(where(x)))
	b.WriteString(paint(statusColour(x.Status), strconv.Itoa(x.Status)))
	b.WriteString(" " + redact.Printable(x.Source))
	b.WriteString(" " + shortSeconds(x.Duration))
	if x.Queue > 0 {
		b.WriteString(" waited " + shortSeconds(x.Queue))
	}
	if x.Attempts > 1 {
		b.WriteString(" attempts " + strconv.Itoa(x.Attempts))
	}
	cause := x.Diagnosis
	if cause == "" {
		cause = x.Code
	}
	if cause != "" {
		b.WriteString(" " + paint(red, redact.Printable(cause)))
	}
	if x.Sentence != "" {
		b.WriteString(" " + redact.Printable(x.Sentence))
	}
	return b.String()
}

// where is the template; what the catalogue does not know, or what was refused
// before it was looked up, shows its path.
func where(x *console.Exchange) string {
	if (x.Endpoint == "" || x.Endpoint == "other") && x.Path != "" {
		return x.Path
	}
	return cmp.Or(x.Endpoint, "-") // without a journal no path is known
}

func statusColour(status int) string {
	switch {
	case status < 300:
		return green
	case status < 400:
		return faint
	case status == 429 || status == 499:
		return yellow
	}
	return red
}

func shortSeconds(s float64) string {
	if s < 1 {
		return strconv.FormatFloat(s*1000, 'f', 1, 64) + "ms"
	}
	return strconv.FormatFloat(s, 'f', 2, 64) + "s"
}

package config

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Error is one fault of a configuration. It reads
//
//	SOURCE: key.path: what is wrong; what would be right
//
// where SOURCE is FILE:LINE, the name of an environment variable, or a flag
// with its dashes. [Load] joins all faults into one error, each on a line;
// errors.AsType[*Error] finds the first. A process that gets one exits with
// status 2.
type Error struct {
	// Source is where the faulty value was given.
	Source Source
	// Path is the key path, "" if the fault is the file's as a whole.
	Path string
	// Problem says what is wrong, Remedy what would be right. Neither shows a
	// secret.
	Problem, Remedy string
}

// Error implements error.
func (e *Error) Error() string {
	var text strings.Builder
	text.WriteString(e.Source.String())
	text.WriteString(": ")
	if e.Path != "" {
		text.WriteString(e.Path)
		text.WriteString(": ")
	}
	text.WriteString(e.Problem)
	if e.Remedy != "" {
		text.WriteString("; ")
		text.WriteString(e.Remedy)
	}
	return text.String()
}

// faults are the errors found so far in one load.
type faults []*Error

// joined is what [Load] returns. It is a pointer type, so that comparing two
// errors never panics.
type joined struct{ faults faults }

// Error has one line for each fault.
func (j *joined) Error() string {
	lines := make([]string, len(j.faults))
	for i, fault := range j.faults {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the faults to errors.Is and errors.As.
func (j *joined) Unwrap() []error {
	list := make([]error, len(j.faults))
	for i, fault := range j.faults {
		list[i] = fault
	}
	return list
}

// sorted orders by layer, then line, then key, and drops repeats.
func (f faults) sorted() faults {
	slices.SortStableFunc(f, func(a, b *Error) int {
		return cmp.Or(
			cmp.Compare(a.Source.Kind, b.Source.Kind),
			cmp.Compare(a.Source.Line, b.Source.Line),
			cmp.Compare(a.Path, b.Path),
		)
	})
	return slices.CompactFunc(f, func(a, b *Error) bool { return *a == *b })
}

// err is nil without faults.
func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return &joined{faults: f.sorted()}
}

// valueError is a fault of a value before it is known where the value stands.
type valueError struct{ problem, remedy string }

func (e *valueError) Error() string { return e.problem + "; " + e.remedy }

// quote shows a value of an ordinary key, cut so that a line stays readable.
func quote(text string) string {
	const most = 64
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return strconv.Quote(text)
}

package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxFile bounds the configuration file; the annotated one has about 30 KiB.
const maxFile = 1 << 20

// raw is a value as its layer wrote it, before it is parsed.
type raw struct {
	source Source
	// text is a scalar's.
	text string
	// items are those of a list, and nil for a scalar. An item with rule set
	// is a mapping.
	items []raw
	rule  map[string]raw
}

// layer is what one source of configuration sets.
type layer struct {
	values map[string]raw
	faults faults
	// sections are the sources of mappings, for faults of what is missing.
	sections origins
	// entries are the entries of maps that the layer names.
	entries []mapEntry
}

type mapEntry struct{ mapPath, name string }

func newLayer() *layer { return &layer{values: map[string]raw{}, sections: origins{}} }

func (l *layer) fault(source Source, path, problem, remedy string) {
	l.faults = append(l.faults, &Error{Source: source, Path: path, Problem: problem, Remedy: remedy})
}

// readFile reads a configuration file. A name of "" is no file.
func readFile(name string) *layer {
	if name == "" {
		return newLayer()
	}
	content, err := readBounded(name, maxFile)
	if err != nil {
		failed := newLayer()
		failed.fault(Source{Kind: FromFile, Name: name}, "", "the configuration file "+err.Error(), "name a readable YAML file with --config")
		return failed
	}
	return parseFile(name, content)
}

// readBounded reads a regular file of at most limit bytes. Its errors are
// phrases that follow the file's name.
func readBounded(name string, limit int64) ([]byte, error) {
	// Opening something else could block for ever (a pipe) or act (a device).
	info, err := os.Stat(name)
	if err != nil {
		return nil, unreadable(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("is not a regular file")
	}
	file, err := os.Open(name) //nolint:gosec // the user names it
	if err != nil {
		return nil, unreadable(err)
	}
	// Nothing is written, so closing has nothing to report.
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, unreadable(err)
	}
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("is larger than %s", Size(limit))
	}
	return content, nil
}

// unreadable leaves out the path, which the caller shows if it may be shown.
func unreadable(err error) error {
	if inner, ok := errors.AsType[*os.PathError](err); ok {
		err = inner.Err
	}
	return fmt.Errorf("cannot be read: %w", err)
}

// parseFile reads one YAML document strictly. An empty one sets nothing.
func parseFile(name string, content []byte) *layer {
	f := &fileLayer{layer: newLayer(), name: name}
	if !utf8.Valid(content) {
		line := 1 + bytes.Count(content[:validPrefix(content)], []byte("\n"))
		f.fault(f.at(line), "", "the file is not UTF-8", "save it as UTF-8")
		return f.layer
	}
	loader, err := yaml.NewLoader(bytes.NewReader(content), yaml.WithUniqueKeys(false))
	if err != nil {
		f.syntax(err)
		return f.layer
	}
	var document, second yaml.Node
	if err := loader.Load(&document); errors.Is(err, io.EOF) {
		return f.layer
	} else if err != nil {
		f.syntax(err)
		return f.layer
	}
	if err := loader.Load(&second); err == nil {
		f.fault(f.at(second.Line), "", "the file holds more than one document", "keep one, without a further ---")
		return f.layer
	} else if !errors.Is(err, io.EOF) {
		f.syntax(err)
		return f.layer
	}
	for _, root := range document.Content {
		f.section(root, reflect.TypeFor[Config](), "")
	}
	return f.layer
}

func validPrefix(content []byte) int {
	at := 0
	for at < len(content) {
		r, size := utf8.DecodeRune(content[at:])
		if r == utf8.RuneError && size <= 1 {
			break
		}
		at += size
	}
	return at
}

// anchorName is the one thing that the YAML library quotes from the file: a
// secret that begins with "*" is taken for the name of an anchor.
var anchorName = regexp.MustCompile(`(?s)anchor '.*'`)

func (f *fileLayer) syntax(err error) {
	line, message := 0, "unreadable"
	if fault, ok := errors.AsType[*yaml.LoadError](err); ok {
		line, message = fault.Mark.Line, fault.Message
	}
	remedy := "check indentation and brackets near this line"
	if strings.Contains(message, "anchor") || strings.Contains(message, "token") {
		remedy = "put a value that begins with a special character in quotes"
	}
	f.fault(f.at(line), "", "not valid YAML: "+anchorName.ReplaceAllString(message, "anchor"), remedy)
}

package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// fileLayer turns a YAML tree into a layer. It follows the types of Config, so
// its depth is theirs whatever the file nests or aliases.
type fileLayer struct {
	*layer
	name string
}

func (f *fileLayer) at(line int) Source { return Source{Kind: FromFile, Name: f.name, Line: line} }

// resolve follows aliases and refuses tags: neither a tag's meaning nor its
// type may be guessed.
func (f *fileLayer) resolve(node *yaml.Node, path string) (*yaml.Node, bool) {
	for node.Kind == yaml.AliasNode && node.Alias != nil {
		node = node.Alias
	}
	if node.Style&yaml.TaggedStyle != 0 {
		f.fault(f.at(node.Line), path, "has a YAML tag", "write the value without the ! tag")
		return node, false
	}
	return node, true
}

// pair is one key of a mapping with its value.
type pair struct {
	name  string
	line  int
	value *yaml.Node
}

// pairs lists the keys of a mapping and refuses those that are not plain or
// come twice. A missing value (null) is an empty mapping.
func (f *fileLayer) pairs(node *yaml.Node, path string) []pair {
	node, ok := f.resolve(node, path)
	if !ok || isNull(node) {
		return nil
	}
	if node.Kind != yaml.MappingNode {
		f.fault(f.at(node.Line), orRoot(path), "is "+describe(node), "write keys with values below it")
		return nil
	}
	var list []pair
	seen := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, ok := f.resolve(node.Content[i], path)
		if !ok {
			continue
		}
		if key.Kind != yaml.ScalarNode {
			f.fault(f.at(key.Line), orRoot(path), "has a key that is "+describe(key), "write plain words as keys")
			continue
		}
		name := showName(key.Value)
		if key.Value == "<<" && key.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0 {
			f.fault(f.at(key.Line), orRoot(path), "merge keys (<<) are not supported", "write the keys out")
			continue
		}
		if first, twice := seen[key.Value]; twice {
			f.fault(f.at(key.Line), join(path, name), fmt.Sprintf("is given twice, first in line %d", first), "keep one of them")
			continue
		}
		seen[key.Value] = key.Line
		list = append(list, pair{name: name, line: key.Line, value: node.Content[i+1]})
	}
	return list
}

func (f *fileLayer) section(node *yaml.Node, section reflect.Type, path string) {
	known := sectionFields(section)
	for _, pair := range f.pairs(node, path) {
		inner := join(path, pair.name)
		field, ok := known[pair.name]
		if !ok {
			problem, remedy := "unknown key", unknownKey(inner, slices.Sorted(maps.Keys(known)))
			f.fault(f.at(pair.line), inner, problem, remedy)
			continue
		}
		f.sections[inner] = f.at(pair.line)
		switch t := field.Type; {
		case isSection(t):
			f.section(pair.value, t, inner)
		case t.Kind() == reflect.Map:
			f.named(pair.value, t.Elem(), inner)
		case t == rulesType:
			f.rules(pair, inner)
		case t.Kind() == reflect.Slice:
			f.list(pair, inner)
		default:
			f.scalar(pair, inner)
		}
	}
}

// named reads a map whose keys are names chosen by the user.
func (f *fileLayer) named(node *yaml.Node, entry reflect.Type, path string) {
	for _, pair := range f.pairs(node, path) {
		inner := join(path, pair.name)
		if !validName(pair.name) {
			f.fault(f.at(pair.line), inner, "is not a possible name", "begin with a lower-case letter and use only lower-case letters and digits")
			continue
		}
		f.sections[inner] = f.at(pair.line)
		f.entries = append(f.entries, mapEntry{mapPath: path, name: pair.name})
		f.section(pair.value, entry, inner)
	}
}

func (f *fileLayer) scalar(from pair, path string) {
	if value, ok := f.single(from.value, from.line, path); ok {
		f.values[path] = value
	}
}

func (f *fileLayer) single(node *yaml.Node, line int, path string) (raw, bool) {
	node, ok := f.resolve(node, path)
	switch {
	case !ok:
		return raw{}, false
	case isNull(node):
		f.fault(f.at(line), path, "has no value", `write one, "" for an empty one, or remove the key`)
		return raw{}, false
	case node.Kind != yaml.ScalarNode:
		f.fault(f.at(node.Line), path, "is "+describe(node), "write a single value")
		return raw{}, false
	}
	return raw{source: f.at(node.Line), text: node.Value}, true
}

// sequence lists the items of a list.
func (f *fileLayer) sequence(from pair, path string) ([]*yaml.Node, bool) {
	node, ok := f.resolve(from.value, path)
	switch {
	case !ok:
		return nil, false
	case isNull(node):
		f.fault(f.at(from.line), path, "has no value", "write a list, [] for an empty one, or remove the key")
		return nil, false
	case node.Kind != yaml.SequenceNode:
		f.fault(f.at(node.Line), path, "is "+describe(node), "write a list, such as [one, two]")
		return nil, false
	}
	return node.Content, true
}

func (f *fileLayer) list(from pair, path string) {
	nodes, ok := f.sequence(from, path)
	if !ok {
		return
	}
	value := raw{source: f.at(from.line), items: []raw{}}
	for i, node := range nodes {
		if item, ok := f.single(node, node.Line, index(path, i)); ok {
			value.items = append(value.items, item)
		}
	}
	f.values[path] = value
}

func (f *fileLayer) rules(from pair, path string) {
	nodes, ok := f.sequence(from, path)
	if !ok {
		return
	}
	value := raw{source: f.at(from.line), items: []raw{}}
	known := sectionFields(rulesType.Elem())
	for i, node := range nodes {
		item := raw{source: f.at(node.Line), rule: map[string]raw{}}
		for _, pair := range f.pairs(node, index(path, i)) {
			inner := join(index(path, i), pair.name)
			if _, ok := known[pair.name]; !ok {
				problem, remedy := "unknown key", unknownKey(inner, slices.Sorted(maps.Keys(known)))
				f.fault(f.at(pair.line), inner, problem, remedy)
			} else if single, ok := f.single(pair.value, pair.line, inner); ok {
				item.rule[pair.name] = single
			}
		}
		value.items = append(value.items, item)
	}
	f.values[path] = value
}

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.Tag == "!!null"
}

// describe names the kind of a node, never its content, which may be a secret.
func describe(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "a mapping of keys"
	case yaml.SequenceNode:
		return "a list"
	default:
		return "a single value"
	}
}

// orRoot names the file's top level in an error.
func orRoot(path string) string {
	if path == "" {
		return "top level"
	}
	return path
}

// showName keeps a key's name on one line and unmistakable in a path.
func showName(name string) string {
	if name != "" && len(name) <= 64 && strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789_-") == "" {
		return name
	}
	return quote(name)
}

package cleeng_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// tree is JSON as encoding/json reads it, with the order and the repetition of
// names kept: the slow and obvious model that the scanner is compared with.
type tree struct {
	kind     json.Delim // '{', '[', or 0
	literal  any        // string, json.Number, bool or nil
	names    []string   // of the members
	children []*tree
}

func decode(body []byte) *tree {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	return decodeValue(d)
}

func decodeValue(d *json.Decoder) *tree {
	token, err := d.Token()
	if err != nil {
		panic(err)
	}
	open, ok := token.(json.Delim)
	if !ok {
		return &tree{literal: token}
	}
	t := &tree{kind: open}
	for d.More() {
		if open == '{' {
			name, err := d.Token()
			if err != nil {
				panic(err)
			}
			t.names = append(t.names, name.(string))
		}
		t.children = append(t.children, decodeValue(d))
	}
	if _, err := d.Token(); err != nil {
		panic(err)
	}
	return t
}

func (t *tree) String() string {
	if t.kind == 0 {
		return fmt.Sprintf("%T:%q", t.literal, fmt.Sprint(t.literal))
	}
	var b strings.Builder
	for i, c := range t.children {
		if t.kind == '{' {
			fmt.Fprintf(&b, "%q=", t.names[i])
		}
		fmt.Fprintf(&b, "%s ", c)
	}
	return t.kind.String() + b.String() + "}"
}

// all returns the members of a name.
func (t *tree) all(name string) (values []*tree) {
	for i, n := range t.names {
		if n == name {
			values = append(values, t.children[i])
		}
	}
	return values
}

func (t *tree) remove(names ...string) {
	for i, v := range slices.Backward(t.names) {
		if slices.Contains(names, v) {
			t.names = slices.Delete(t.names, i, i+1)
			t.children = slices.Delete(t.children, i, i+1)
		}
	}
}

func (t *tree) depth() int {
	d := 0
	for _, c := range t.children {
		d = max(d, c.depth())
	}
	if t.kind != 0 {
		d++
	}
	return d
}

// calls returns the elements of a request.
func (t *tree) calls() []*tree {
	switch t.kind {
	case '[':
		return t.children
	case '{':
		return []*tree{t}
	}
	return nil
}

// method returns the method of a call, or "" if it is none.
func (t *tree) method() string {
	methods := t.all("method")
	if t.kind != '{' || len(methods) == 0 {
		return ""
	}
	name, _ := methods[len(methods)-1].literal.(string)
	return name
}

// inject writes the token where it belongs.
func (t *tree) inject(token string) {
	value := &tree{literal: token}
	for _, call := range t.calls() {
		if call.method() == "" {
			continue
		}
		params := call.all("params")
		if params == nil {
			call.names = append(call.names, "params")
			call.children = append(call.children, &tree{kind: '{', names: []string{"publisherToken"}, children: []*tree{value}})
		}
		for _, p := range params {
			if p.kind != '{' {
				continue
			}
			if p.all("publisherToken") == nil {
				p.names = slices.Insert(p.names, 0, "publisherToken")
				p.children = slices.Insert(p.children, 0, value)
			}
			for i, n := range p.names {
				if n == "publisherToken" {
					p.children[i] = value
				}
			}
		}
	}
}

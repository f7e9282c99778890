package cleeng

import (
	"iter"
	"net/http"
	"strings"
)

const maxParams = 4

// Params holds the variable segments of a matched path. It is a value of fixed
// size whose strings are parts of the path and of the template, so it costs
// no allocation, and it keeps the path's memory alive.
type Params struct {
	names  []string // of the template
	values [maxParams]string
	n      int
}

// Len returns the number of variable segments.
func (p *Params) Len() int { return p.n }

// Get returns the segment with this name (as in the template, without braces),
// still escaped as it was in the path.
func (p *Params) Get(name string) (string, bool) {
	for i := range p.n {
		if p.names[i] == name {
			return p.values[i], true
		}
	}
	return "", false
}

func (p *Params) push(value string) {
	p.values[p.n] = value
	p.n++
}

// node is one segment of the tree of templates of a surface.
type node struct {
	literal  []branch
	variable *node
	rows     []*Endpoint // that end here, one a method
}

// branch leads on by a literal segment.
type branch struct {
	segment string
	to      *node
}

func build(rows []Endpoint) *node {
	root := &node{}
	for i := range rows {
		at := root
		for segment := range strings.SplitSeq(rows[i].Template[1:], "/") {
			if name, ok := strings.CutPrefix(segment, "{"); ok {
				rows[i].names = append(rows[i].names, strings.TrimSuffix(name, "}"))
				segment = ""
			}
			at = at.child(segment)
		}
		at.rows = append(at.rows, &rows[i])
	}
	return root
}

// child returns the node of a literal segment, or of the variable one if the
// segment is empty, and makes it if need be.
func (n *node) child(segment string) *node {
	if segment == "" {
		if n.variable == nil {
			n.variable = &node{}
		}
		return n.variable
	}
	if next := n.named(segment); next != nil {
		return next
	}
	next := &node{}
	n.literal = append(n.literal, branch{segment, next})
	return next
}

// named returns the node of a literal segment, nil for none. There are two dozen at
// most, few of one length, and they lie side by side.
func (n *node) named(segment string) *node {
	for i := range n.literal {
		if b := &n.literal[i]; b.segment == segment {
			return b.to
		}
	}
	return nil
}

// find returns the node of a path without its leading slash. Literal segments
// win over variables. The recursion is as deep as the deepest template.
func (n *node) find(path string, p *Params) *node {
	segment, rest, more := strings.Cut(path, "/")
	if segment == "" {
		return nil
	}
	if next := n.named(segment); next != nil {
		if !more && next.rows != nil {
			return next
		}
		if more {
			if found := next.find(rest, p); found != nil {
				return found
			}
		}
	}
	next := n.variable
	if next == nil {
		return nil
	}
	if !more {
		if next.rows == nil {
			return nil
		}
		p.push(segment)
		return next
	}
	mark := p.n
	p.push(segment)
	if found := next.find(rest, p); found != nil {
		return found
	}
	p.n = mark
	return nil
}

// tree holds the templates of a surface.
type tree struct {
	surface Surface
	root    *node
}

// catalogue is what lookups use: built once, then only read.
type catalogue struct {
	trees   []tree
	methods map[string]*Endpoint // of JSON-RPC
}

var rows = map[Surface][]Endpoint{
	SurfaceCore:       coreRows(),
	SurfaceMediaStore: mediaStoreRows(),
	SurfaceInApp:      inAppRows(),
	SurfaceLogin:      loginRows(),
	SurfaceRPC:        rpcRows(),
}

var known = func() *catalogue {
	c := &catalogue{methods: make(map[string]*Endpoint)}
	for s, table := range rows {
		for i := range table {
			table[i].Surface = s
		}
		if s != SurfaceRPC {
			c.trees = append(c.trees, tree{s, build(table)})
			continue
		}
		for i := range table {
			c.methods[table[i].Template[len(rpcPath)+1:]] = &table[i]
		}
	}
	return c
}()

// root is nil for a surface without templates.
func (c *catalogue) root(s Surface) *node {
	for i := range c.trees {
		if c.trees[i].surface == s {
			return c.trees[i].root
		}
	}
	return nil
}

// Match finds the row of a request. The path is the escaped path as it is
// sent upstream, without the query. It returns nil if the catalogue has no row
// for it; [Other] then gives a cautious one. Case counts, and so does a
// trailing slash. If the path names a row's place but the method is none of
// the rows', there is no match: a method the documentation does not list is
// no variant of a less specific template.
//
// The surface [SurfaceRPC] matches its path alone with the row of an unknown
// method, and path#method with that method's row; see [RPCMethod].
//
// Match does not look for other spellings of a path; see [Normal].
func Match(s Surface, method, path string) (*Endpoint, Params) {
	var p Params
	if s == SurfaceRPC {
		return matchRPC(method, path), p
	}
	root := known.root(s)
	if root == nil || path == "" || path[0] != '/' {
		return nil, p
	}
	at := root.find(path[1:], &p)
	if at == nil {
		return nil, Params{}
	}
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for _, e := range at.rows {
		if e.Method == method {
			p.names = e.names
			return e, p
		}
	}
	return nil, Params{}
}

// Lookup is [Match] for a path that has not been judged: one that is not in
// normal form, or is not in the catalogue, gets a row named "other". It never
// returns nil.
func Lookup(s Surface, method, escapedPath string) (*Endpoint, Params) {
	if !Normal(escapedPath) {
		return others(s, method).opaque, Params{}
	}
	if e, p := Match(s, method, escapedPath); e != nil {
		return e, p
	}
	return Other(s, method), Params{}
}

// Endpoints returns all rows of the catalogue, surface by surface, in the
// order of the tables. The rows named "other" are not among them.
func Endpoints() iter.Seq[*Endpoint] {
	surfaces := []Surface{SurfaceMediaStore, SurfaceCore, SurfaceRPC, SurfaceInApp, SurfaceLogin}
	return func(yield func(*Endpoint) bool) {
		for _, s := range surfaces {
			for i := range rows[s] {
				if !yield(&rows[s][i]) {
					return
				}
			}
		}
	}
}

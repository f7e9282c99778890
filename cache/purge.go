package cache

// Purge says which stored answers to drop. One of the fields is set; the zero
// value drops none.
type Purge struct {
	Path     string // as it goes upstream, without query
	Template string // a path template of the catalogue
	Customer string // a customer's id: all that is known to be of that customer
	Tag      string // a name of the catalogue, such as "offers"
	All      bool
}

// name is what the answers meant by p have in common.
func (p Purge) name() string {
	switch {
	case p.Path != "":
		return namePath + p.Path
	case p.Template != "":
		return nameTemplate + p.Template
	case p.Customer != "":
		return "customer:" + p.Customer
	}
	return p.Tag
}

// Purge drops stored answers and returns how many. An answer that is under way
// is not stored either, nor given to callers who come later.
func (c *Cache) Purge(p Purge) int {
	if !c.Enabled() {
		return 0
	}
	if p.All {
		c.epochs.BumpAll()
		return c.store.PurgeAll()
	}
	name := p.name()
	if name == "" {
		return 0
	}
	c.epochs.Bump(name)
	return c.store.PurgeTag(name)
}

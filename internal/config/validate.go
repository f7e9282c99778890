package config

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
)

// checks collects what is wrong with a configuration whose single values were
// all read: what they mean, and whether they fit together.
type checks struct {
	cfg      *Config
	faults   faults
	broken   map[string]bool
	warnings []string
}

// validate adds to the faults of reading. A key that could not be read is not
// judged again, since it still has its default.
func validate(cfg *Config, before faults) *checks {
	c := &checks{cfg: cfg, faults: before, broken: map[string]bool{}}
	for _, fault := range before {
		c.broken[listIndex.ReplaceAllString(fault.Path, "")] = true
		c.broken[strings.TrimSuffix(fault.Path, fileSuffix)] = true
	}
	c.listeners()
	c.tls()
	c.guard()
	c.clients()
	c.patience()
	c.upstreams()
	c.credentials()
	c.limits()
	c.rest()
	c.secrets()
	return c
}

var listIndex = regexp.MustCompile(`\[\d+\].*$`)

// fault reports path, blaming the place where its value was given.
func (c *checks) fault(path, problem, remedy string) { c.faultAt(path, path, problem, remedy) }

// faultAt reports path, blaming the place where another key was given. A key
// that was given nowhere is blamed on the map entry it belongs to.
func (c *checks) faultAt(blame, path, problem, remedy string) {
	if c.broken[listIndex.ReplaceAllString(path, "")] || c.broken[blame] {
		return
	}
	c.faults = append(c.faults, &Error{Source: c.source(blame), Path: path, Problem: problem, Remedy: remedy})
}

// report is faultAt for the error of a parser.
func (c *checks) report(path string, err error) {
	problem, remedy := err.Error(), ""
	if value, ok := errors.AsType[*valueError](err); ok {
		problem, remedy = value.problem, value.remedy
	}
	c.fault(path, problem, remedy)
}

func (c *checks) warn(path, sentence string) {
	if !c.broken[path] {
		c.warnings = append(c.warnings, fmt.Sprintf("%s: %s", path, sentence))
	}
}

func (c *checks) source(path string) Source {
	item := listIndex.ReplaceAllString(path, "")
	for _, at := range []string{path, item, item[:max(strings.LastIndexByte(item, '.'), 0)]} {
		if source, ok := c.cfg.origin[at]; ok {
			return source
		}
	}
	return Source{}
}

// given is the one of the paths that is blamed for a conflict: the first that
// is not a default.
func (c *checks) given(paths ...string) string {
	for _, path := range paths {
		if c.cfg.Source(path).Kind != FromDefault {
			return path
		}
	}
	return paths[0]
}

func (c *checks) patience() {
	shortest, longest := c.cfg.Patience.Default, c.cfg.Patience.Max
	switch {
	case shortest <= longest:
	case c.given("patience.default", "patience.max") == "patience.default":
		c.fault("patience.default", fmt.Sprintf("%s is longer than patience.max (%s)", formatDuration(shortest), formatDuration(longest)), "make it shorter, or patience.max longer")
	default:
		c.fault("patience.max", fmt.Sprintf("%s is shorter than patience.default (%s)", formatDuration(longest), formatDuration(shortest)), "make it longer, or patience.default shorter")
	}
}

func (c *checks) limits() {
	for _, name := range sortedNames(c.cfg.Limits) {
		limit, path := c.cfg.Limits[name], "limits."+name
		if limit.Start.Auto() {
			c.fault(path+".start", "auto is no pace to begin with", "write a rate such as 20/s")
		}
	}
}

func (c *checks) rest() {
	switch j := c.cfg.Journal; {
	case j.MaxSize == 0 && j.LogBodies != LogNoBodies:
		at := c.given("journal.log_bodies", "journal.max_size")
		c.fault(at, "without a journal (journal.max_size is 0) there are no bodies to log", "give the journal memory, or set journal.log_bodies to none")
	case j.MaxSize == 0:
	case j.MaxSize < 64*KiB:
		c.fault("journal.max_size", fmt.Sprintf("%s is less than a few calls take", j.MaxSize), "give it 64KiB or more, or 0 for none")
	case j.Body > j.MaxSize/4:
		at := c.given("journal.body", "journal.max_size")
		c.fault(at, fmt.Sprintf("a body of %s is more than a quarter of journal.max_size (%s)", j.Body, j.MaxSize), "keep less of each body, or give the journal more memory")
	}
	if address := c.cfg.EgressAddress; address != "" {
		if _, err := netip.ParseAddr(address); err != nil {
			c.fault("egress_address", quote(address)+" is not an IP address", "write the public address of this host, such as 198.51.100.7")
		}
	}
	if c.cfg.Patience.Default < 100*time.Millisecond {
		c.warn("patience.default", "under 100ms hardly any call can wait for its turn")
	}
}

// secrets judges values given in place; those from files were judged when
// they were read.
func (c *checks) secrets() {
	files := map[string]bool{}
	for _, file := range c.cfg.secretFiles() {
		files[file.path] = true
	}
	c.cfg.keys(func(k key) {
		if !k.secret() || files[k.path] {
			return
		}
		for i, secret := range k.secrets() {
			path := k.path
			if k.list() {
				path = index(path, i)
			}
			if fault := secretShape(k.path, secret); fault != nil {
				c.fault(path, strings.NewReplacer("it holds", "the value holds", "a token in it", "the token").Replace(fault.problem), fault.remedy)
			}
		}
	})
}

func sortedNames[E any](entries map[string]E) []string {
	names := make([]string, 0, len(entries))
	for name := range entries {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

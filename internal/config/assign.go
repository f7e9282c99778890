package config

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/cleengate/cleengate/internal/redact"
)

// assigner parses what the layers set into a Config that holds the defaults.
type assigner struct {
	cfg      *Config
	values   map[string]raw
	faults   faults
	warnings []string
}

func (a *assigner) fault(source Source, path string, err error) {
	fault := &Error{Source: source, Path: path, Problem: err.Error()}
	if value, ok := errors.AsType[*valueError](err); ok {
		fault.Problem, fault.Remedy = value.problem, value.remedy
	}
	a.faults = append(a.faults, fault)
}

func (a *assigner) assign() {
	a.cfg.keys(func(k key) {
		value, ok := a.values[k.path]
		if !ok {
			return
		}
		a.cfg.origin[k.path] = value.source
		switch {
		case k.fileOnly():
			a.rules(k, value)
		case k.list():
			a.list(k, value)
		default:
			if err := parseInto(k.value, k.field.Tag.Get("range"), value.text); err != nil {
				a.fault(value.source, k.path, err)
			}
		}
	})
}

func (a *assigner) list(k key, value raw) {
	list := reflect.MakeSlice(k.value.Type(), 0, len(value.items))
	for i, item := range value.items {
		element := reflect.New(k.value.Type().Elem()).Elem()
		if err := parseInto(element, "", item.text); err != nil {
			a.fault(item.source, index(k.path, i), err)
			continue
		}
		if secret, ok := reflect.TypeAssert[redact.Secret](element); ok && secret.IsZero() {
			a.fault(item.source, index(k.path, i), &valueError{"is empty", "write the secret or remove the item"})
			continue
		}
		list = reflect.Append(list, element)
	}
	k.value.Set(list)
}

// rules reads cache.rules. What a rule leaves out must not be guessed: with no
// ttl it could mean "as the catalogue" as well as "never".
func (a *assigner) rules(k key, value raw) {
	list := make([]CacheRule, len(value.items))
	for i, item := range value.items {
		path := index(k.path, i)
		walkSection(reflect.ValueOf(&list[i]).Elem(), path, func(member key) {
			name := keyName(member.field)
			given, ok := item.rule[name]
			switch {
			case ok:
				a.cfg.origin[member.path] = given.source
				if err := parseInto(member.value, member.field.Tag.Get("range"), given.text); err != nil {
					a.fault(given.source, member.path, err)
				}
			case name == "match":
				a.fault(item.source, member.path, &valueError{"is missing", `say which calls the rule is for, such as match: "GET /3.1/offers/*"`})
			case name == "ttl":
				a.fault(item.source, member.path, &valueError{"is missing", "say how long answers are fresh, such as ttl: 2m, or ttl: 0s to store none"})
			}
		})
	}
	k.value.Set(reflect.ValueOf(list))
}

// refuseTwins finds secrets that are given both in place and by file, in
// whatever layers: which of two credentials is used must not be a guess.
func (a *assigner) refuseTwins() {
	a.cfg.keys(func(k key) {
		value, inline := a.values[k.path]
		twin, byFile := a.values[k.path+fileSuffix]
		if !k.secret() || !inline || !byFile || twin.text == "" || value.text == "" && len(value.items) == 0 {
			return
		}
		a.fault(twin.source, k.path+fileSuffix, &valueError{
			fmt.Sprintf("is given together with %s (%s)", k.path, value.source), "keep one of the two",
		})
	})
}

package simulator

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// KnobError tells which knob was set wrongly and what would be right.
type KnobError struct {
	Path    string // dotted, as in quota.limits[0].window
	Problem string
	Right   string
}

// Error implements error.
func (e *KnobError) Error() string {
	path := e.Path
	if path == "" {
		path = "knobs"
	}
	return path + ": " + e.Problem + "; " + e.Right
}

var durationType = reflect.TypeFor[time.Duration]()

// MarshalJSON writes durations as strings, so that the JSON form can be sent
// back unchanged.
func (k Knobs) MarshalJSON() ([]byte, error) {
	return json.Marshal(encodeKnob(reflect.ValueOf(k)))
}

// UnmarshalJSON reads the form of [Knobs.MarshalJSON] over the present values
// and refuses unknown names. It does not call [Knobs.Validate].
func (k *Knobs) UnmarshalJSON(data []byte) error {
	return k.merge(data, DefaultKnobs())
}

// merge applies a JSON merge patch (RFC 7396): objects are merged, everything
// else replaces; null puts back the value in defaults.
func (k *Knobs) merge(patch []byte, defaults Knobs) error {
	var raw any
	if err := json.Unmarshal(patch, &raw); err != nil {
		return &KnobError{Problem: "the body is not JSON (" + err.Error() + ")", Right: `send an object such as {"latency": {"downlink": "50ms"}}`}
	}
	return decodeKnob("", reflect.ValueOf(k).Elem(), reflect.ValueOf(defaults), raw, "")
}

func encodeKnob(v reflect.Value) any {
	switch {
	case v.Type() == durationType:
		return time.Duration(v.Int()).String()
	case v.Kind() == reflect.Struct:
		m := make(map[string]any, v.NumField())
		for i := range v.NumField() {
			m[v.Type().Field(i).Tag.Get("json")] = encodeKnob(v.Field(i))
		}
		return m
	case v.Kind() == reflect.Slice:
		list := make([]any, 0, v.Len())
		for i := range v.Len() {
			list = append(list, encodeKnob(v.Index(i)))
		}
		return list
	case v.Kind() == reflect.Map && v.Len() == 0:
		return map[string]any{}
	default:
		return v.Interface()
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func wrong(path, problem, right string) error {
	return &KnobError{Path: path, Problem: problem, Right: right}
}

// decodeKnob sets v from raw; def holds the value that null puts back.
func decodeKnob(path string, v, def reflect.Value, raw any, tag reflect.StructTag) error {
	if raw == nil {
		v.Set(def)
		return nil
	}
	switch v.Kind() {
	case reflect.Struct:
		return decodeStruct(path, v, def, raw)
	case reflect.Slice:
		list, ok := raw.([]any)
		if !ok {
			return wrong(path, describe(raw)+" is no list", "write [...]")
		}
		out := reflect.MakeSlice(v.Type(), len(list), len(list))
		zero := reflect.Zero(v.Type().Elem())
		for i, item := range list {
			if err := decodeKnob(path+"["+strconv.Itoa(i)+"]", out.Index(i), zero, item, ""); err != nil {
				return err
			}
		}
		v.Set(out)
		return nil
	case reflect.Map:
		return decodeMap(path, v, raw)
	default:
		return decodeScalar(path, v, raw, tag)
	}
}

func decodeStruct(path string, v, def reflect.Value, raw any) error {
	obj, ok := raw.(map[string]any)
	if !ok {
		return wrong(path, describe(raw)+" is no object", "write {...} with some of: "+strings.Join(knobNames(v.Type()), ", "))
	}
	names := make([]string, 0, len(obj))
	for name := range obj {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		i := slices.IndexFunc(reflect.VisibleFields(v.Type()), func(f reflect.StructField) bool { return f.Tag.Get("json") == name })
		if i < 0 {
			return wrong(join(path, name), "no such knob", "known here: "+strings.Join(knobNames(v.Type()), ", "))
		}
		if err := decodeKnob(join(path, name), v.Field(i), def.Field(i), obj[name], v.Type().Field(i).Tag); err != nil {
			return err
		}
	}
	return nil
}

func decodeMap(path string, v reflect.Value, raw any) error {
	obj, ok := raw.(map[string]any)
	if !ok {
		return wrong(path, describe(raw)+" is no object", `write {"name": ...}`)
	}
	out := reflect.MakeMap(v.Type())
	for _, key := range v.MapKeys() {
		out.SetMapIndex(key, v.MapIndex(key))
	}
	for name, item := range obj {
		key := reflect.ValueOf(name)
		if item == nil {
			out.SetMapIndex(key, reflect.Value{})
			continue
		}
		value := reflect.New(v.Type().Elem()).Elem()
		// A header of one value may be written without brackets.
		if s, isText := item.(string); isText && value.Kind() == reflect.Slice {
			item = []any{s}
		}
		if err := decodeKnob(join(path, name), value, reflect.Zero(value.Type()), item, ""); err != nil {
			return err
		}
		out.SetMapIndex(key, value)
	}
	v.Set(out)
	return nil
}

func decodeScalar(path string, v reflect.Value, raw any, tag reflect.StructTag) error {
	if v.Type() == durationType {
		s, ok := raw.(string)
		if !ok {
			return wrong(path, describe(raw)+" is no duration", `write a string with a unit, such as "250ms" or "60s"`)
		}
		d, err := time.ParseDuration(s)
		if err != nil {
			return wrong(path, strconv.Quote(s)+" is no duration", `write a number with a unit, such as "250ms" or "60s"`)
		}
		v.SetInt(int64(d))
		return nil
	}
	switch value := raw.(type) {
	case string:
		if v.Kind() == reflect.String {
			v.SetString(value)
			return nil
		}
	case bool:
		if v.Kind() == reflect.Bool {
			v.SetBool(value)
			return nil
		}
	case float64:
		switch v.Kind() {
		case reflect.Float64:
			v.SetFloat(value)
			return nil
		case reflect.Int, reflect.Int64:
			if value != math.Trunc(value) || math.Abs(value) > 1<<53 {
				return wrong(path, describe(raw)+" is no whole number", "write an integer")
			}
			v.SetInt(int64(value))
			return nil
		}
	}
	right := map[reflect.Kind]string{
		reflect.String: "write a string", reflect.Bool: "write true or false",
		reflect.Int: "write a whole number", reflect.Int64: "write a whole number", reflect.Float64: "write a number",
	}[v.Kind()]
	if enum := tag.Get("enum"); enum != "" {
		right = "write one of: " + strings.ReplaceAll(enum, "|", ", ")
	}
	return wrong(path, describe(raw)+" has the wrong type", right)
}

func knobNames(t reflect.Type) []string {
	var names []string
	for _, f := range reflect.VisibleFields(t) {
		names = append(names, f.Tag.Get("json"))
	}
	slices.Sort(names)
	return names
}

// describe shows a JSON value briefly in an error.
func describe(raw any) string {
	b, err := json.Marshal(raw)
	if err != nil {
		return fmt.Sprintf("%T", raw)
	}
	if len(b) > 60 {
		return string(b[:57]) + "..."
	}
	return string(b)
}

func itoa(n int) string { return strconv.Itoa(n) }

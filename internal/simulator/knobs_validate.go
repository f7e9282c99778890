package simulator

import (
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Validate checks every value against its documented range. The error is a
// [*KnobError] that names the knob, what is wrong and what would be right.
func (k Knobs) Validate() error {
	if err := checkKnob("", reflect.ValueOf(k), ""); err != nil {
		return err
	}
	seen := map[string]int{}
	for i, l := range k.Quota.Limits {
		name := l.normal(i).Name
		if first, dup := seen[name]; dup {
			return wrong("quota.limits["+itoa(i)+"].name", strconv.Quote(name)+" is taken by quota.limits["+itoa(first)+"]", "give each limit a name of its own")
		}
		seen[name] = i
	}
	for i, f := range k.Faults {
		path := "faults[" + itoa(i) + "]"
		switch {
		case f.Kind == FaultStatus && f.Status == 0:
			return wrong(path+".status", "is missing", "kind status needs a status from 200 to 599")
		case f.Kind == FaultRedirect && f.Location == "":
			return wrong(path+".location", "is missing", "kind redirect needs the address to redirect to")
		case f.Kind == FaultRedirect && f.Status != 0 && (f.Status < 300 || f.Status > 399):
			return wrong(path+".status", itoa(f.Status)+" is no redirect", "write 301, 302, 303, 307 or 308")
		case (f.Kind == FaultDelay || f.Kind == FaultDelayAfter) && f.Delay == 0:
			return wrong(path+".delay", "is missing", `kind `+f.Kind+` needs a duration such as "200ms"`)
		case f.Kind == FaultThrottle && f.Body != "" && !slices.Contains(throttleBodies(), f.Body):
			return wrong(path+".body", strconv.Quote(f.Body)+" is not known", "for a throttle write one of: "+strings.Join(throttleBodies(), ", "))
		case f.Status != 0 && f.Status < 200:
			return wrong(path+".status", itoa(f.Status)+" is no final status", "write a status from 200 to 599")
		}
	}
	for prefix := range k.Data.Countries {
		if _, err := netip.ParsePrefix(prefix); err != nil {
			return wrong("data.countries", strconv.Quote(prefix)+" is no address prefix", `write CIDR, such as "192.0.2.0/24": "PL"`)
		}
	}
	return nil
}

func throttleBodies() []string {
	f, _ := reflect.TypeFor[QuotaKnobs]().FieldByName("Body")
	return strings.Split(f.Tag.Get("enum"), "|")
}

// checkKnob applies the enum, min and max tags. Inside list elements an empty
// enum value means the element's own default.
func checkKnob(path string, v reflect.Value, tag reflect.StructTag) error {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if err := checkKnob(join(path, f.Tag.Get("json")), v.Field(i), f.Tag); err != nil {
				return err
			}
		}
		return nil
	case reflect.Slice:
		for i := range v.Len() {
			if err := checkKnob(path+"["+itoa(i)+"]", v.Index(i), tag); err != nil {
				return err
			}
		}
		return nil
	case reflect.String:
		return checkEnum(path, v.String(), tag)
	case reflect.Int, reflect.Int64, reflect.Float64:
		if tag.Get("enum") != "" && v.Kind() != reflect.Float64 {
			return checkEnum(path, strconv.FormatInt(v.Int(), 10), tag)
		}
		return checkRange(path, v, tag)
	default:
		return nil
	}
}

func checkEnum(path, value string, tag reflect.StructTag) error {
	enum := tag.Get("enum")
	if enum == "" {
		return nil
	}
	known := strings.Split(enum, "|")
	unset := value == "" || value == "0"
	if slices.Contains(known, value) || unset && strings.Contains(path, "].") && !strings.HasSuffix(path, ".kind") && !strings.HasSuffix(path, "]") {
		return nil
	}
	return wrong(path, strconv.Quote(value)+" is not known", "write one of: "+strings.Join(known, ", "))
}

func checkRange(path string, v reflect.Value, tag reflect.StructTag) error {
	for _, bound := range []string{"min", "max"} {
		limit := tag.Get(bound)
		if limit == "" {
			continue
		}
		have, want, shown := number(v), 0.0, ""
		if v.Type() == durationType {
			d, err := time.ParseDuration(limit)
			if err != nil {
				d = 0
			}
			want, shown = float64(d), time.Duration(v.Int()).String()
		} else {
			want, _ = strconv.ParseFloat(limit, 64) // a tag of this package
			shown = strconv.FormatFloat(have, 'g', -1, 64)
		}
		switch {
		case bound == "min" && have < want:
			return wrong(path, shown+" is too small", "write at least "+limit)
		case bound == "max" && have > want:
			return wrong(path, shown+" is too large", "write at most "+limit)
		}
	}
	return nil
}

func number(v reflect.Value) float64 {
	if v.Kind() == reflect.Float64 {
		return v.Float()
	}
	return float64(v.Int())
}

// Describe lists every knob by path with its sentence of documentation and, where
// the choice is closed, the values. List elements show as name[].
func Describe() map[string]string {
	out := map[string]string{}
	describeKnobs("", reflect.TypeFor[Knobs](), out)
	return out
}

func describeKnobs(path string, t reflect.Type, out map[string]string) {
	for _, f := range reflect.VisibleFields(t) {
		name, inner := join(path, f.Tag.Get("json")), f.Type
		if inner.Kind() == reflect.Slice && inner.Elem().Kind() == reflect.Struct {
			out[name] = f.Tag.Get("doc")
			name, inner = name+"[]", inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			describeKnobs(name, inner, out)
			continue
		}
		text := f.Tag.Get("doc")
		if enum := f.Tag.Get("enum"); enum != "" {
			text += " (" + strings.ReplaceAll(enum, "|", ", ") + ")"
		}
		out[name] = text
	}
}

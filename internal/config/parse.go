package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cleengate/cleengate/internal/redact"
)

// parseInto reads text into a scalar value of any configurable type. The
// error is a *valueError, and does not show text if the type is secret.
func parseInto(value reflect.Value, limits, text string) error {
	if value.Type() == secretType {
		secret, err := parseSecret(text)
		value.Set(reflect.ValueOf(secret))
		return err
	}
	parsed, err := parseValue(value, text)
	if err != nil {
		return err
	}
	if err := withinRange(parsed, limits); err != nil {
		return err
	}
	value.Set(reflect.ValueOf(parsed).Convert(value.Type()))
	return nil
}

// parseValue returns a value convertible to the type of like.
func parseValue(like reflect.Value, text string) (any, error) {
	if like.Type() == durationType {
		return ParseDuration(text)
	}
	switch kind := like.Interface().(type) {
	case Size:
		return ParseSize(text)
	case Rate:
		return ParseRate(text)
	case Burst:
		return ParseBurst(text)
	case Percent:
		return ParsePercent(text)
	case Pattern:
		return ParsePattern(text)
	case bool:
		return parseBool(text)
	case int:
		return parseInt(text)
	case chooser:
		if !slices.Contains(kind.choices(), text) {
			return nil, choiceError(text, kind.choices())
		}
		return text, nil
	default:
		return parseString(text)
	}
}

func parseBool(text string) (bool, error) {
	switch text {
	case "true", "on", "yes":
		return true, nil
	case "false", "off", "no":
		return false, nil
	}
	return false, &valueError{quote(text) + " is neither true nor false", "write true or false"}
}

func parseInt(text string) (int, error) {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || text[0] == '+' {
		return 0, &valueError{quote(text) + " is not a whole number", "write only digits"}
	}
	return int(number), nil
}

func choiceError(text string, choices []string) error {
	remedy := "write " + orList(choices)
	if near := closest(text, choices); near != "" {
		remedy = "did you mean " + near + "?"
	}
	return &valueError{quote(text) + " is not one of " + orList(choices), remedy}
}

func parseString(text string) (string, error) {
	if !utf8.ValidString(text) {
		return "", &valueError{"the value is not UTF-8", "write it as UTF-8"}
	}
	if strings.ContainsFunc(text, unicode.IsControl) {
		return "", &valueError{"the value holds a line break or control character", "write it on one line"}
	}
	return text, nil
}

// parseSecret trims what editors and echo leave around a value.
func parseSecret(text string) (redact.Secret, error) {
	text = strings.TrimSpace(text)
	if text == redact.Mask {
		return redact.Secret{}, &valueError{"the value is the mask of a printed configuration", "put the secret itself, or name its file"}
	}
	return redact.New(text), nil
}

// withinRange checks a parsed value against a tag such as "1ms..1h".
func withinRange(parsed any, limits string) error {
	low, high, bounded := strings.Cut(limits, "..")
	if !bounded {
		return nil
	}
	like := reflect.ValueOf(parsed)
	number := func(text string) float64 {
		bound, err := parseValue(like, text)
		if err != nil {
			// A wrong tag is a fault of this package that its tests find.
			panic("config: range tag " + limits + ": " + err.Error())
		}
		return magnitude(bound)
	}
	if at := magnitude(parsed); at < number(low) || at > number(high) {
		return &valueError{format(like) + " is out of range", fmt.Sprintf("write %s to %s", low, high)}
	}
	return nil
}

func magnitude(value any) float64 {
	switch number := value.(type) {
	case time.Duration:
		return float64(number)
	case Size:
		return float64(number)
	case Percent:
		return float64(number)
	case int:
		return float64(number)
	}
	panic(fmt.Sprintf("config: %T has no range", value))
}

// format is the inverse of parseInto for an ordinary scalar.
func format(value reflect.Value) string {
	switch v := value.Interface().(type) {
	case time.Duration:
		return formatDuration(v)
	case fmt.Stringer:
		return v.String()
	}
	return fmt.Sprint(value.Interface())
}

// orList joins alternatives: "a, b or c".
func orList(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	return strings.Join(items[:len(items)-1], ", ") + " or " + items[len(items)-1]
}

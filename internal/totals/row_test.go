package totals

import (
	"reflect"
	"testing"
)

// TestEveryFigureIsAdded fills each number by reflection, so that one that is added
// to the type later cannot be forgotten in its sums.
func TestEveryFigureIsAdded(t *testing.T) {
	var row Row
	fill(reflect.ValueOf(&row).Elem())
	sum := row
	sum.Add(&row)
	requireTwice(t, reflect.ValueOf(sum))

	var limit LimitHour
	fill(reflect.ValueOf(&limit).Elem())
	twice := limit
	twice.merge(&limit)
	twice.LongestWaitSeconds *= 2 // of peaks the larger stays
	twice.SentPeak, twice.DemandPeak = Peaks{2, 2, 2, 2}, Peaks{2, 2, 2, 2}
	requireTwice(t, reflect.ValueOf(twice))
}

// fill sets every number in v to 1.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for _, f := range v.Fields() {
			fill(f)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Int64, reflect.Int32:
		v.SetInt(1)
	case reflect.Float64:
		v.SetFloat(1)
	}
}

func requireTwice(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Struct:
		for field, f := range v.Fields() {
			if f.CanInt() && f.Int() != 2 || f.CanFloat() && f.Float() != 2 {
				t.Errorf("%s of %s is %v", field.Name, v.Type(), f)
			} else {
				requireTwice(t, f)
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			if v.Index(i).Int() != 2 {
				t.Errorf("element %d of %s is %v", i, v.Type(), v.Index(i))
			}
		}
	}
}

// Package telemetry is what an operator sees of cleengate from outside: its
// Prometheus metrics and its log.
//
// # Metrics
//
// [Metrics] holds the families under the prefix cleengate_. What counts events
// is a method that code calls; what describes a state, such as the depth of a
// queue, is read from a function at each scrape, so it can never be out of
// date. Timings are taken into their histograms many at a time, and all of them
// before a scrape is answered. Families of parts that can be switched off are made
// when the part is first asked for ([Metrics.Limits] and its like), so that a series
// stands for something that exists.
//
// A label's value never comes from outside: methods, reasons and outcomes are
// folded into closed sets, endpoints are templates of the catalogue, and
// beyond a fixed number of series everything new is counted as "other". Series
// of small closed sets exist from the start with the value 0, so that the first
// event is seen as an increase.
//
// # Log
//
// [Log] writes one line for each request and the process's own messages, as
// JSON or as key=value text. Each line is scrubbed, gathered with others and
// written by one goroutine: callers wait neither for the disk nor for each
// other's system calls, and a sink that is stuck costs lines, which are
// counted, but never time.
package telemetry

// Package deploy has no code of its own: its tests hold the files of the
// folder deploy and the Dockerfile against the real binary, and against the
// tools that read them.
package deploy

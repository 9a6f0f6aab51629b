// Package gmmgraph builds the estimation network and the training objective of package gmm
// as gorgonia operations. Matrices are features × batch.
package gmmgraph

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"github.com/metric-streams/anomaly/gmm"
	"github.com/metric-streams/anomaly/internal/graphop"
)

// Nodes are the estimation network's nodes in a graph.
type Nodes struct {
	Gamma      *gorgonia.Node // memberships, K×n
	Parameters gorgonia.Nodes // their values are the memory of the network
}

// Build adds the estimation network to the graph of z (d×n). mask (hidden×n) is the dropout
// mask, which the caller fills before every step; nil means no dropout. A width that does
// not match is an error that wraps graphop.ErrShape.
func Build(net *gmm.Estimation, z, mask *gorgonia.Node) (*Nodes, error) {
	theta1, err := graphop.Matrix(z.Graph(), "estimation 0", net.Dim+1, net.Hidden, net.Theta1)
	if err != nil {
		return nil, err
	}
	theta2, err := graphop.Matrix(z.Graph(), "estimation 1", net.Hidden+1, net.Components, net.Theta2)
	if err != nil {
		return nil, err
	}
	h, err := graphop.Dense(z, theta1, graphop.Tanh, true)
	if err != nil {
		return nil, fmt.Errorf("gmmgraph: hidden layer: %w", err)
	}
	if mask != nil {
		if h, err = graphop.Dropout(h, mask); err != nil {
			return nil, fmt.Errorf("gmmgraph: dropout: %w", err)
		}
	}
	gamma, err := graphop.Dense(h, theta2, graphop.Softmax, true)
	if err != nil {
		return nil, fmt.Errorf("gmmgraph: membership layer: %w", err)
	}
	return &Nodes{Gamma: gamma, Parameters: gorgonia.Nodes{theta1, theta2}}, nil
}

// Terms are the parts of the objective in the last run of a graph.
type Terms struct {
	Energy  float64 // Ē, the mean energy of the samples
	Penalty float64 // P, the covariance penalty
}

// Objective adds λ1·Ē + λ2·P to the graph of z (d×n) and gamma (K×n), for the batch's own
// mixture (equations 5 to 7 of the paper). Gradients go through the weights, means and
// covariances of that mixture. A nil gamma, with one component, means memberships of 1. Every
// run overwrites the Terms.
func Objective(o *gmm.Objective, z, gamma *gorgonia.Node, lambda1, lambda2 float64) (*gorgonia.Node, *Terms, error) {
	d, n, err := graphop.Dims(z)
	if err != nil {
		return nil, nil, err
	}
	if gamma == nil && d == o.Dim && o.Components == 1 {
		return single(o, z, n, lambda1, lambda2)
	}
	k, m := 0, 0
	if gamma != nil {
		if k, m, err = graphop.Dims(gamma); err != nil {
			return nil, nil, err
		}
	}
	if d != o.Dim || k != o.Components || m != n {
		return nil, nil, fmt.Errorf("gmmgraph: objective for %d dimensions and %d components of z %d×%d and memberships %d×%d: %w",
			o.Dim, o.Components, d, n, k, m, graphop.ErrShape)
	}
	terms := &Terms{}
	forward := func(dst []float64, in [][]float64) (err error) {
		terms.Energy, terms.Penalty, err = o.Forward(in[0], in[1], n)
		dst[0] = lambda1*terms.Energy + lambda2*terms.Penalty
		return err
	}
	// The objective is an input of its own gradient, so that the backward kernel runs after
	// the forward kernel.
	backward := func(dst []float64, in [][]float64) error {
		w := in[3][0]
		o.Backward(dst[:d*n], dst[d*n:], in[1], w*lambda1, w*lambda2)
		return nil
	}
	node, err := graphop.Apply(graphop.Spec{Name: "mixture objective", Differentiable: []bool{true, true}, Kernel: forward,
		Gradient: func(in gorgonia.Nodes, out, grad *gorgonia.Node) (gorgonia.Nodes, error) {
			both, err := graphop.Apply(graphop.Spec{Name: "mixture objective gradient", Rows: d + k, Cols: n, Kernel: backward}, in[0], in[1], out, grad)
			if err != nil {
				return nil, err
			}
			byZ, err := graphop.Rows(both, 0, d)
			if err != nil {
				return nil, err
			}
			byGamma, err := graphop.Rows(both, d, d+k)
			return gorgonia.Nodes{byZ, byGamma}, err
		}}, z, gamma)
	return node, terms, err
}

// single adds the objective of one component that every sample fully belongs to.
func single(o *gmm.Objective, z *gorgonia.Node, n int, lambda1, lambda2 float64) (*gorgonia.Node, *Terms, error) {
	terms := &Terms{}
	forward := func(dst []float64, in [][]float64) (err error) {
		terms.Energy, terms.Penalty, err = o.Forward(in[0], nil, n)
		dst[0] = lambda1*terms.Energy + lambda2*terms.Penalty
		return err
	}
	backward := func(dst []float64, in [][]float64) error {
		w := in[2][0]
		o.Backward(dst, nil, nil, w*lambda1, w*lambda2)
		return nil
	}
	node, err := graphop.Apply(graphop.Spec{Name: "mixture objective", Differentiable: []bool{true}, Kernel: forward,
		Gradient: func(in gorgonia.Nodes, out, grad *gorgonia.Node) (gorgonia.Nodes, error) {
			byZ, err := graphop.Apply(graphop.Spec{Name: "mixture objective gradient", Rows: o.Dim, Cols: n, Kernel: backward}, in[0], out, grad)
			return gorgonia.Nodes{byZ}, err
		}}, z)
	return node, terms, err
}

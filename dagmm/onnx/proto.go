package onnx

import "google.golang.org/protobuf/encoding/protowire"

// The messages of onnx.proto that a file needs, with the numbers of their fields.

// dataType is a TensorProto.DataType.
type dataType int

const (
	typeFloat  dataType = 1
	typeInt64  dataType = 7
	typeBool   dataType = 9
	typeDouble dataType = 11
)

// AttributeProto.AttributeType.
const (
	attributeInt  = 2
	attributeInts = 7
)

type tensor struct {
	name string
	kind dataType
	dims []int
	raw  []byte // little endian
}

type attribute struct {
	name   string
	values []int
	list   bool // the attribute is a list
}

type node struct {
	op         string
	inputs     []string
	output     string
	attributes []attribute
}

// port is an input or an output of the graph. A negative dimension is the number of rows.
type port struct {
	name, doc string
	kind      dataType
	dims      []int
}

// rowsName is what the file calls the number of rows.
const rowsName = "N"

func appendNumber(b []byte, field protowire.Number, v int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), uint64(v))
}

func appendText(b []byte, field protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), s)
}

func appendBytes(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}

// encodeModel is a ModelProto.
func encodeModel(g *graph, version string, properties []property) []byte {
	b := appendNumber(nil, 1, irVersion)
	b = appendText(b, 2, "github.com/metric-streams/anomaly")
	b = appendText(b, 3, version)
	b = appendBytes(b, 7, encodeGraph(g))
	b = appendBytes(b, 8, appendNumber(appendText(nil, 1, ""), 2, opsetVersion)) // OperatorSetIdProto
	for _, p := range properties {
		b = appendBytes(b, 14, appendText(appendText(nil, 1, p.key), 2, p.value)) // StringStringEntryProto
	}
	return b
}

// encodeGraph is a GraphProto.
func encodeGraph(g *graph) []byte {
	var b []byte
	for _, n := range g.nodes {
		b = appendBytes(b, 1, encodeNode(n))
	}
	b = appendText(b, 2, "dagmm")
	for _, t := range g.tensors {
		b = appendBytes(b, 5, encodeTensor(t))
	}
	for _, p := range g.inputs {
		b = appendBytes(b, 11, encodePort(p))
	}
	for _, p := range g.outputs {
		b = appendBytes(b, 12, encodePort(p))
	}
	return b
}

// encodeNode is a NodeProto.
func encodeNode(n node) []byte {
	var b []byte
	for _, in := range n.inputs {
		b = appendText(b, 1, in)
	}
	b = appendText(b, 2, n.output)
	b = appendText(b, 3, n.output) // each value is called as the node that makes it
	b = appendText(b, 4, n.op)
	for _, a := range n.attributes {
		b = appendBytes(b, 5, encodeAttribute(a))
	}
	return b
}

// encodeAttribute is an AttributeProto.
func encodeAttribute(a attribute) []byte {
	b := appendText(nil, 1, a.name)
	if !a.list {
		return appendNumber(appendNumber(b, 3, a.values[0]), 20, attributeInt)
	}
	for _, v := range a.values {
		b = appendNumber(b, 8, v)
	}
	return appendNumber(b, 20, attributeInts)
}

// encodeTensor is a TensorProto.
func encodeTensor(t tensor) []byte {
	var b []byte
	for _, d := range t.dims {
		b = appendNumber(b, 1, d)
	}
	b = appendNumber(b, 2, int(t.kind))
	b = appendText(b, 8, t.name)
	return appendBytes(b, 9, t.raw)
}

// encodePort is a ValueInfoProto.
func encodePort(p port) []byte {
	var shape []byte // TensorShapeProto
	for _, d := range p.dims {
		dimension := appendText(nil, 2, rowsName)
		if d >= 0 {
			dimension = appendNumber(nil, 1, d)
		}
		shape = appendBytes(shape, 1, dimension)
	}
	kind := appendBytes(appendNumber(nil, 1, int(p.kind)), 2, shape) // TypeProto.Tensor
	b := appendText(nil, 1, p.name)
	b = appendBytes(b, 2, appendBytes(nil, 1, kind)) // TypeProto
	return appendText(b, 3, p.doc)
}

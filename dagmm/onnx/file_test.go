package onnx

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// file is what an ONNX file holds.
type file struct {
	ir, opset       int
	producer        string
	properties      map[string]string
	graph           string
	nodes           []node
	tensors         []tensor
	inputs, outputs []port
}

// field is a field of a message: a number or bytes.
type field struct {
	number protowire.Number
	value  int
	bytes  []byte
}

// fields takes a message apart. It panics where the message is none, as what reads it does.
func fields(b []byte) (out []field) {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			panic(protowire.ParseError(n))
		}
		b = b[n:]
		f := field{number: number}
		switch kind {
		case protowire.VarintType:
			var v uint64
			v, n = protowire.ConsumeVarint(b)
			f.value = int(v)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(b)
		default:
			panic(fmt.Sprintf("field %d is of type %d", number, kind))
		}
		if n < 0 {
			panic(protowire.ParseError(n))
		}
		b = b[n:]
		out = append(out, f)
	}
	return out
}

// only returns the field of a message that has one.
func only(b []byte, number protowire.Number) field {
	all := fields(b)
	if len(all) != 1 || all[0].number != number {
		panic(fmt.Sprintf("fields %v, want %d alone", all, number))
	}
	return all[0]
}

func unknown(message string, f field) { panic(fmt.Sprintf("%s has a field %d", message, f.number)) }

// decode reads a ModelProto.
func decode(b []byte) *file {
	out := &file{properties: map[string]string{}}
	for _, f := range fields(b) {
		switch f.number {
		case 1:
			out.ir = f.value
		case 2:
			out.producer = string(f.bytes)
		case 3:
		case 7:
			out.decodeGraph(f.bytes)
		case 8:
			for _, f := range fields(f.bytes) {
				if f.number == 2 {
					out.opset = f.value
				}
			}
		case 14:
			entry := fields(f.bytes)
			out.properties[string(entry[0].bytes)] = string(entry[1].bytes)
		default:
			unknown("ModelProto", f)
		}
	}
	return out
}

func (f *file) decodeGraph(b []byte) {
	for _, part := range fields(b) {
		switch part.number {
		case 1:
			f.nodes = append(f.nodes, decodeNode(part.bytes))
		case 2:
			f.graph = string(part.bytes)
		case 5:
			f.tensors = append(f.tensors, decodeTensor(part.bytes))
		case 11:
			f.inputs = append(f.inputs, decodePort(part.bytes))
		case 12:
			f.outputs = append(f.outputs, decodePort(part.bytes))
		default:
			unknown("GraphProto", part)
		}
	}
}

func decodeNode(b []byte) (n node) {
	for _, f := range fields(b) {
		switch f.number {
		case 1:
			n.inputs = append(n.inputs, string(f.bytes))
		case 2:
			n.output = string(f.bytes)
		case 3:
		case 4:
			n.op = string(f.bytes)
		case 5:
			n.attributes = append(n.attributes, decodeAttribute(f.bytes))
		default:
			unknown("NodeProto", f)
		}
	}
	return n
}

func decodeAttribute(b []byte) (a attribute) {
	for _, f := range fields(b) {
		switch f.number {
		case 1:
			a.name = string(f.bytes)
		case 3, 8:
			a.values, a.list = append(a.values, f.value), f.number == 8
		case 20:
			if want := map[bool]int{false: attributeInt, true: attributeInts}[a.list]; f.value != want {
				panic(fmt.Sprintf("attribute %s is of type %d, want %d", a.name, f.value, want))
			}
		default:
			unknown("AttributeProto", f)
		}
	}
	return a
}

func decodeTensor(b []byte) (t tensor) {
	for _, f := range fields(b) {
		switch f.number {
		case 1:
			t.dims = append(t.dims, f.value)
		case 2:
			t.kind = dataType(f.value)
		case 8:
			t.name = string(f.bytes)
		case 9:
			t.raw = f.bytes
		default:
			unknown("TensorProto", f)
		}
	}
	return t
}

func decodePort(b []byte) (p port) {
	for _, f := range fields(b) {
		switch f.number {
		case 1:
			p.name = string(f.bytes)
		case 2:
			for _, f := range fields(only(f.bytes, 1).bytes) {
				if f.number == 1 {
					p.kind = dataType(f.value)
					continue
				}
				for _, dimension := range fields(f.bytes) {
					d := fields(dimension.bytes)[0]
					if d.number == 2 {
						d.value = rows
					}
					p.dims = append(p.dims, d.value)
				}
			}
		case 3:
			p.doc = string(f.bytes)
		default:
			unknown("ValueInfoProto", f)
		}
	}
	return p
}

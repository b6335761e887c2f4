// Part of this module's interface: `AutoRegEmbedder.Options.precision`.
@_exported import enum Tensors.ComputePrecision

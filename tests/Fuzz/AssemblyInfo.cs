// A campaign uses all cores by itself.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

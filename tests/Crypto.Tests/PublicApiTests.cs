using System.Reflection;

namespace SecureAggregation.Crypto.Tests;

public sealed class PublicApiTests
{
    /// <summary>Other rooms and other people's programs build on this surface: a change to it shows as a change to a text file.</summary>
    [Fact]
    public void Public_surface_is_the_one_written_down()
    {
        using var reader = new StreamReader(typeof(PublicApiTests).Assembly.GetManifestResourceStream("PublicApi.txt")!);
        var expected = reader.ReadToEnd();
        var actual = string.Concat(typeof(RingVector).Assembly.GetExportedTypes().OrderBy(type => type.Name, StringComparer.Ordinal).SelectMany(Lines));
        if (actual == expected) return;

        var path = Path.Combine(AppContext.BaseDirectory, "PublicApi.actual.txt");
        File.WriteAllText(path, actual);
        var changed = actual.Split('\n').Except(expected.Split('\n')).Select(line => "+ " + line)
            .Concat(expected.Split('\n').Except(actual.Split('\n')).Select(line => "- " + line));
        Assert.Fail($"The public surface changed; if that is meant, copy {path} over tests/Crypto.Tests/PublicApi.txt.\n{string.Join('\n', changed)}");
    }

    private static IEnumerable<string> Lines(Type type)
    {
        var kind = type.IsEnum ? "enum" : type.IsAbstract && type.IsSealed ? "static class" : type.IsSealed ? "sealed class" : "class";
        yield return $"{kind} {type.Name}\n";
        const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        var members = type.GetMembers(Declared).Where(member => member is not MethodInfo { IsSpecialName: true }).Select(Line);
        foreach (var line in members.Where(line => line.Length > 0).Order(StringComparer.Ordinal)) yield return $"  {line}\n";
    }

    private static string Line(MemberInfo member) => member switch
    {
        FieldInfo { IsLiteral: true } field => $"const {Name(field.FieldType)} {field.Name} = {field.GetRawConstantValue()}",
        ConstructorInfo constructor => $"new({Parameters(constructor)})",
        PropertyInfo property => $"{Static(property.GetMethod!)}{Name(property.PropertyType)} {property.Name}{Indexer(property)} {{ get;{(property.SetMethod is { IsPublic: true } ? " set;" : "")} }}",
        MethodInfo method => $"{Static(method)}{Name(method.ReturnType)} {method.Name}({Parameters(method)})",
        _ => "",
    };

    private static string Static(MethodInfo method) => method.IsStatic ? "static " : "";

    private static string Indexer(PropertyInfo property) =>
        property.GetIndexParameters() is { Length: > 0 } indices ? $"[{string.Join(", ", indices.Select(p => Name(p.ParameterType)))}]" : "";

    private static string Parameters(MethodBase method) =>
        string.Join(", ", method.GetParameters().Select(p => $"{Name(p.ParameterType)} {p.Name}{(p.HasDefaultValue ? $" = {p.DefaultValue ?? "null"}" : "")}"));

    private static string Name(Type type) =>
        type.IsArray ? Name(type.GetElementType()!) + "[]"
        : type.IsGenericType ? $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
        : type.Name;
}

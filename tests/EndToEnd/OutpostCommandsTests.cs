namespace SecureAggregation.EndToEnd;

/// <summary>`secagg dataset`, `approvals` and `ledger` are the outpost's own commands: its words, its answer, its exit code.</summary>
public class OutpostCommandsTests
{
    [Fact]
    public async Task Catalogue_is_kept_by_secagg_with_the_outposts_answers_and_exit_codes()
    {
        using var folder = new TemporaryFolder();
        var csv = folder.Write("visits.csv", "patient_id,age,sex\n" + string.Concat(Enumerable.Range(0, 60).Select(i => $"p{i},{20 + (i % 50)},{(i % 2 == 0 ? "f" : "m")}\n")));
        var config = folder["outpost.json"];
        var schema = folder.Write("visits.yaml", "name: visits\ncolumns:\n  patient_id: person_key\n  age: { type: integer, low: 0, high: 89 }\n  sex: { type: category, categories: [f, m] }\n");
        folder.Write("outpost.json", "{\n  \"Outpost\": { \"Station\": \"https://station.example:7443\", \"Roster\": \"roster.bin\", \"Key\": \"key.pem\" }\n}\n");

        var registered = await Programs.Secagg("dataset", "register", "visits", "--csv", csv, "--schema", schema, "--config", config);
        Assert.True(registered.Code == 0, registered.ToString());
        var list = await Programs.Secagg("dataset", "list", "--config", config, "--json");
        Assert.Equal("visits", list.Json[0].GetProperty("name").GetString());
        Assert.Contains("60 rows read", (await Programs.Secagg("dataset", "check", "visits", "--config", config)).Output, StringComparison.Ordinal);
        var dummy = await Programs.Secagg("dataset", "dummy", "visits", "--rows", "5", "--seed", "7", "--config", config);
        Assert.Equal(6, dummy.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(dummy.Output, (await Programs.Secagg("dataset", "dummy", schema, "--rows", "5", "--seed", "7")).Output);

        // A schema that a person must still complete does not hide what else is there.
        Assert.Equal(0, (await Programs.Secagg("dataset", "register", "later", "--csv", csv, "--config", config)).Code);
        var both = await Programs.Secagg("dataset", "list", "--config", config, "--json");
        Assert.True(both.Code == 0, both.ToString());
        Assert.Contains("whose a row is", both.Json[0].GetProperty("problem").GetString()!, StringComparison.Ordinal);
        Assert.Equal("visits", both.Json[1].GetProperty("name").GetString());

        File.AppendAllText(csv, "p1,old,f\n");
        var broken = await Programs.Secagg("dataset", "check", "visits", "--config", config, "--json");
        Assert.True(broken.Code == 4, broken.ToString());
        Assert.Equal(4, broken.Json.GetProperty("exit_code").GetInt32());
        Assert.DoesNotContain("old", broken.Error, StringComparison.Ordinal);
        Assert.Equal(6, (await Programs.Secagg("ledger", "show", "--state", folder["nowhere"])).Code);
        Assert.Equal(2, (await Programs.Secagg("approvals", "show", "--state", folder["nowhere"])).Code);
        var help = await Programs.Secagg("approvals", "--help");
        Assert.Contains("reject", help.Output, StringComparison.Ordinal);
        var nobodys = await Programs.Secagg("dataset", "dummy", "visits");
        Assert.True(nobodys.Code == 2, nobodys.ToString());
        Assert.Contains("--config", nobodys.Error, StringComparison.Ordinal);
    }
}

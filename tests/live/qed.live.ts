import { asksFlask, computes, keepsDocuments, qed } from "./qed";
import { liveSuite } from "./suite";

liveSuite(qed, (step) => {
    step("answers Django while Flask's pods go", asksFlask);
    step("keeps documents while MongoDB's pod goes", keepsDocuments);
    step("computes with dask after its pods were lost", computes);
});

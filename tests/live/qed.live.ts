import { asksFlask, computes, qed } from "./qed";
import { liveSuite } from "./suite";

liveSuite(qed, (step) => {
    step("answers Django while Flask's pods go", asksFlask);
    step("computes with dask after its pods were lost", computes);
});
